import { allocate, type Storage } from "./backend.ts";
import { checkDType, type DType, type TypedArray } from "./dtype.ts";
import { OptionError, ReleasedError, refuse, ShapeError, show, showShape } from "./error.ts";
import { own } from "./memory.ts";
import { checkShape, type Shape, sizeOf } from "./shape.ts";

/** What every op takes: numbers become constants of the other operand's dtype. */
export type Value = Tensor | number;
/** Numbers nested as deep as the tensor has axes. */
export type NestedNumbers = number | readonly NestedNumbers[];

/**
 * A dense, row-major, immutable array of any rank.
 *
 * Ops are functions, not methods: `mul(x, y)`. Inside `grad` and `scope` memory is returned by
 * itself; outside, the garbage collector does it.
 */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
  /** @internal The memory; undefined once released. */
  storage: Storage | undefined;
  /** @internal The recording in which it depends on a watched tensor; 0 for none. */
  session = 0;
  /** @internal Its entry's place on the tape of that recording. */
  position = 0;
  /** @internal Scopes leave it alone. */
  kept = false;
  /** @internal While a scope ends: it is part of the result. */
  returned = false;

  /** @internal Use `tensor`, `zeros` and their like. */
  constructor(storage: Storage, shape: Shape, dtype: DType) {
    this.storage = storage;
    this.shape = shape;
    this.dtype = dtype;
    this.size = sizeOf(shape);
    own(this);
  }

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /**
   * The elements, row-major: the live memory, not a copy. Read it at once and do not write to it; copy it
   * (`.slice()`) if it must last: memory is reused when the tensor is released, and may move.
   *
   * @throws ReleasedError after the scope that made the tensor has ended.
   */
  get data(): TypedArray {
    return memoryOf(this, "data").data;
  }

  /** A copy of the elements; the way to read that works on every backend. */
  async read(): Promise<TypedArray> {
    return memoryOf(this, "read").read();
  }

  /** The number in a tensor of one element. */
  item(): number {
    if (this.size === 1) return this.data[0]!;
    return refuse(
      ShapeError,
      "item",
      "a tensor of one element",
      `shape ${showShape(this.shape)}`,
      "Use data, or reduce it with sum or mean first.",
    );
  }

  /** The elements as nested arrays, for printing and comparing. */
  toArray(): NestedNumbers {
    const { data, shape } = this;
    let level: NestedNumbers[] = Array.from(data);
    for (let axis = shape.length - 1; axis > 0; axis--) {
      const n = shape[axis]!;
      const rows = n === 0 ? sizeOf(shape.slice(0, axis)) : level.length / n;
      level = Array.from({ length: rows }, (_, i) => level.slice(i * n, (i + 1) * n));
    }
    return shape.length === 0 ? level[0]! : level;
  }

  /** What messages show of it. */
  toJSON(): string {
    return this.toString();
  }

  toString(): string {
    return `Tensor(${showShape(this.shape)}, ${this.dtype})`;
  }
}

/** The tensor's memory, or the error that tells where it went. */
export function memoryOf(t: Tensor, where: string): Storage {
  if (t.storage) return t.storage;
  return refuse(
    ReleasedError,
    where,
    "a tensor that is still in memory",
    `one of shape ${showShape(t.shape)} that was released`,
    "Return it from the function given to grad, valueAndGrad or scope, or keep() it there; " +
      "read a parameter's value anew at every step.",
  );
}

/** @internal The same memory under another shape. */
export function viewOf(t: Tensor, shape: Shape, where: string): Tensor {
  const storage = memoryOf(t, where);
  storage.users++;
  return new Tensor(storage, shape, t.dtype);
}

/** A tensor holding a copy of `data`. */
export function fromArray(data: ArrayLike<number>, shape: Shape, dtype: DType): Tensor {
  const out = new Tensor(allocate(dtype, data.length), shape, dtype);
  memoryOf(out, "tensor").write(data);
  return out;
}

/**
 * A tensor from a number, nested arrays or a typed array (copied).
 *
 * @param options.shape - Default: that of the nesting; a typed array is one axis.
 * @param options.dtype - Default "float64" for a Float64Array, else "float32".
 * @throws ShapeError if the nesting is ragged or the count does not fit `shape`.
 */
export function tensor(
  data: NestedNumbers | TypedArray,
  options: { readonly shape?: Shape; readonly dtype?: DType } = {},
): Tensor {
  const typed = data instanceof Float32Array || data instanceof Float64Array;
  const dtype = options.dtype ?? (data instanceof Float64Array ? "float64" : "float32");
  checkDType("tensor", dtype);
  const nested: number[] = [];
  const natural = typed ? [data.length] : flatten(data, nested);
  const flat = typed ? data : nested;
  const shape = options.shape ? [...options.shape] : natural;
  checkShape("tensor", shape);
  if (sizeOf(shape) !== flat.length) {
    const expected = `${sizeOf(shape)} numbers for shape ${showShape(shape)}`;
    refuse(ShapeError, "tensor", expected, String(flat.length));
  }
  return fromArray(flat, shape, dtype);
}

function flatten(data: NestedNumbers, into: number[]): number[] {
  if (typeof data === "number") {
    into.push(data);
    return [];
  }
  if (!Array.isArray(data)) {
    const expected = "numbers, nested arrays or a Float32Array or Float64Array";
    refuse(OptionError, "tensor", expected, show(data));
  }
  let inner: readonly number[] = [];
  data.forEach((item: NestedNumbers, i: number) => {
    const shape = flatten(item, into);
    if (i > 0 && showShape(shape) !== showShape(inner)) {
      const got = `${showShape(shape)} at position ${i}`;
      refuse(ShapeError, "tensor", `rows of one shape, ${showShape(inner)}`, got);
    }
    inner = shape;
  });
  return [data.length, ...inner];
}

interface DTypeOption {
  readonly dtype?: DType;
}

/** A tensor filled with one number. */
export function full(shape: Shape, value: number, { dtype = "float32" }: DTypeOption = {}): Tensor {
  checkShape("full", shape);
  checkDType("full", dtype);
  const out = new Tensor(allocate(dtype, sizeOf(shape)), [...shape], dtype);
  memoryOf(out, "full").fill(value);
  return out;
}
export function zeros(shape: Shape, options?: DTypeOption): Tensor {
  return full(shape, 0, options);
}
export function ones(shape: Shape, options?: DTypeOption): Tensor {
  return full(shape, 1, options);
}
export function zerosLike(x: Tensor): Tensor {
  return full(x.shape, 0, x);
}
export function onesLike(x: Tensor): Tensor {
  return full(x.shape, 1, x);
}
/** The numbers 0, 1, …, n − 1. */
export function arange(n: number, { dtype = "float32" }: DTypeOption = {}): Tensor {
  checkShape("arange", [n]);
  checkDType("arange", dtype);
  return fromArray(
    Array.from({ length: n }, (_, i) => i),
    [n],
    dtype,
  );
}
