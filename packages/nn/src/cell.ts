import {
  EvenkeelError,
  fail,
  keep,
  recording,
  release,
  ShapeError,
  sameShape,
  showShape,
  stopGradient,
  type Tensor,
} from "@evenkeel/autodiff";

/** A handle of our own on t's numbers: it lives until we release it, whatever becomes of t. */
export function own(t: Tensor): Tensor {
  return keep(stopGradient(t));
}

/** What the runs of `transaction` now going on replaced; undefined outside them. */
interface Journal {
  /** What each buffer held when the run began. */
  readonly before: Map<Cell, Tensor>;
  /** Replaced values, which the tape may still need. */
  readonly retired: Tensor[];
}
let journal: Journal | undefined;

/** Gives a replaced value back, once no tape can need it; outside `gradients` the collector does. */
export function retire(...tensors: readonly Tensor[]): void {
  if (journal) journal.retired.push(...tensors);
  else if (!recording()) release(...tensors);
}

/** Runs `fn`; if it throws, every buffer holds again what it held before. */
export function transaction<R>(fn: () => R): R {
  const outer = journal;
  const mine: Journal = { before: new Map(), retired: [] };
  journal = mine;
  try {
    const result = fn();
    for (const [cell, value] of mine.before) {
      if (outer && !outer.before.has(cell)) outer.before.set(cell, value);
      else mine.retired.push(value);
    }
    return result;
  } catch (error) {
    for (const [cell, value] of mine.before) {
      mine.retired.push(cell.held);
      cell.held = value;
    }
    throw error;
  } finally {
    journal = outer;
    retire(...mine.retired);
  }
}

/** A named place in a module that holds a tensor; tensors never change, what a cell holds does. */
export abstract class Cell {
  /** @internal Our own handle on the value. */
  held: Tensor;

  constructor(value: Tensor) {
    this.held = own(value);
  }

  /** What it holds now. Read it anew at every use: the next `replace` releases it. */
  get value(): Tensor {
    return this.held;
  }

  /** @internal Complains about a value that may not take the place of this one. */
  check(where: string, next: Tensor, name: string): void {
    const { shape, dtype } = this.held;
    if (sameShape(next.shape, shape) && next.dtype === dtype) return;
    fail(
      {
        where,
        expected: `${name} of shape ${showShape(shape)}, ${dtype}`,
        got: `${showShape(next.shape)}, ${next.dtype}`,
      },
      ShapeError,
    );
  }

  /** @internal Takes a handle over and gives the old one back. */
  adopt(handle: Tensor): void {
    const before = this.held;
    this.held = handle;
    if (this instanceof Buffer && journal && !journal.before.has(this)) {
      journal.before.set(this, before);
    } else {
      retire(before);
    }
  }

  /**
   * Puts another value of the same shape and dtype in its place and releases the old one. The tensor
   * given stays the caller's: the cell holds its numbers by a handle of its own.
   *
   * @throws ShapeError if shape or dtype differ.
   */
  replace(next: Tensor): void {
    this.check("replace", next, "a value");
    this.adopt(own(next));
  }
}

/**
 * A tensor that training changes.
 *
 * Who replaces the value (an optimizer, `loadStateDict`) releases the old tensor at once, so that
 * memory does not grow with the steps. Do not hold on to `value` over a step: use `stateDict()`,
 * whose tensors live on their own.
 *
 * @example
 * class Scale extends Module {
 *   readonly factor: Parameter = new Parameter(ones([1]));
 *   override forward(x: Tensor): Tensor {
 *     return mul(x, this.factor.value);
 *   }
 * }
 */
export class Parameter extends Cell {
  /** Whether `gradients` differentiates with respect to it. */
  trainable: boolean;
  /** @internal The watched tensor that stands in for the value while `gradients` runs. */
  bound: Tensor | undefined;

  constructor(value: Tensor, { trainable = true }: { readonly trainable?: boolean } = {}) {
    super(value);
    this.trainable = trainable;
  }

  override get value(): Tensor {
    return this.bound ?? this.held;
  }

  override check(where: string, next: Tensor, name: string): void {
    if (this.bound) {
      fail(
        {
          where,
          expected: `${name} to stay as it is while its gradient is taken`,
          got: "a new value",
          hint: "Replace parameters after gradients(...) has returned.",
        },
        EvenkeelError,
      );
    }
    super.check(where, next, name);
  }
}

/** A tensor that belongs to a module's state but gets no gradient, such as running statistics. */
export class Buffer extends Cell {}
