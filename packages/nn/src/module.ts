import {
  cast,
  EvenkeelError,
  fail,
  nearest,
  reshape,
  type Shape,
  ShapeError,
  sameShape,
  showShape,
  stopGradient,
  type Tensor,
} from "@evenkeel/autodiff";
import { Buffer, Cell, own, Parameter } from "./cell.ts";
import { pack, packedNames, unpack } from "./packed.ts";

/** What a module is made of. */
export type Member = Module | Parameter | Buffer;
/** Parameters and buffers by name; a checkpoint in memory. */
export type StateDict = Readonly<Record<string, Tensor>>;

export interface LoadResult {
  /** Names in the model that the dictionary lacks. */
  readonly missing: readonly string[];
  /** Names in the dictionary that the model lacks. */
  readonly unexpected: readonly string[];
}

/**
 * A part of a network: a function of a tensor with parameters, buffers and modules inside.
 *
 * Members are found by walking the module's own properties in the order in which they were set:
 * modules, `Parameter`s, `Buffer`s and arrays of them. Their names are PyTorch's: "conv.weight",
 * "layers.0.bias".
 *
 * @example
 * class Residual extends Module {
 *   readonly conv: Conv2d = new Conv2d({ inChannels: 8, outChannels: 8, kernelSize: 3, padding: 1 });
 *   readonly bn: NormModule = norm(batchNorm, { numFeatures: 8 });
 *   override forward(x: Tensor): Tensor {
 *     return add(x, this.bn.forward(this.conv.forward(x)));
 *   }
 * }
 */
export abstract class Module {
  /** Set by `train` and `eval`; true at first. */
  training = true;

  /**
   * @param condition - What conditional norms inside need (class ids, a domain, a mask); containers
   *   hand it on to every child.
   */
  abstract forward(x: Tensor, condition?: unknown): Tensor;

  /** Name and member, in order. Override it where names are not those of properties. */
  members(): Iterable<readonly [string, Member]> {
    const found: [string, Member][] = [];
    const look = (name: string, value: unknown): void => {
      if (value instanceof Cell || value instanceof Module) found.push([name, value as Member]);
    };
    for (const [name, value] of Object.entries(this)) {
      if (!Array.isArray(value)) look(name, value);
      else for (const [i, item] of value.entries()) look(`${name}.${i}`, item);
    }
    return found;
  }

  /** This module (named "") and all below it, each once. */
  *namedModules(): Iterable<readonly [string, Module]> {
    const seen = new Set<Module>();
    for (const [name, member] of this.walk("", [])) {
      if (!(member instanceof Module) || seen.has(member)) continue;
      seen.add(member);
      yield [name, member];
    }
  }

  /** Every parameter once, under its first name. */
  namedParameters(): Map<string, Parameter> {
    return this.cells(Parameter);
  }

  /** Every buffer once, under its first name. */
  namedBuffers(): Map<string, Buffer> {
    return this.cells(Buffer);
  }

  /** Switches this module and all below it to training, or with false to evaluation. */
  train(on = true): this {
    for (const [, module] of this.namedModules()) module.training = on;
    return this;
  }

  /** Switches to evaluation: `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /**
   * All parameters and buffers under PyTorch's names. The tensors stand on their own: training on
   * does not change them. Tensors are immutable, so nothing is copied but what a checkpoint has joined or
   * split. `readStateDict` gives their numbers.
   */
  stateDict(): Record<string, Tensor> {
    const dict: Record<string, Tensor> = {};
    for (const [name, cell] of this.walk("", [])) {
      if (cell instanceof Cell) dict[name] = stopGradient(cell.value);
    }
    return pack(dict);
  }

  /**
   * Takes parameters and buffers from a dictionary, converted to the model's dtypes.
   *
   * @param options.strict - Refuse missing and unexpected names. Default true.
   * @returns The names that one side lacks; both empty when strict.
   * @throws ShapeError for a tensor of another shape, EvenkeelError for names when strict; the model
   *   is unchanged then.
   *
   * @example
   * const { missing } = model.loadStateDict(checkpoint, { strict: false });
   */
  loadStateDict(
    dict: StateDict,
    { strict = true }: { readonly strict?: boolean } = {},
  ): LoadResult {
    const cells = new Map(this.walk("", []).filter(([, m]) => m instanceof Cell)) as Map<
      string,
      Cell
    >;
    const current = this.stateDict();
    const missing = Object.keys(current).filter((name) => !Object.hasOwn(dict, name));
    const unexpected = Object.keys(dict).filter((name) => !Object.hasOwn(current, name));
    if (strict) refuseNames(missing, unexpected, Object.keys(current));
    const found: [Cell, Tensor][] = [];
    for (const [name, cell] of cells) {
      const { shape } = cell.value;
      const names = packedNames(name, shape);
      if (!names.some((n) => Object.hasOwn(dict, n))) continue;
      const given = names.map((n) => [n, fitting(n, dict, current)] as const);
      const next = unpack(Object.fromEntries(given), name, shape);
      cell.check("loadStateDict", next, name);
      found.push([cell, own(next)]);
    }
    for (const [cell, handle] of found) cell.adopt(handle);
    return { missing, unexpected };
  }

  /** This module and everything below, named; what is shared comes under each of its names. */
  private walk(
    name: string,
    above: readonly Module[],
    found: [string, Module | Cell][] = [],
  ): readonly (readonly [string, Module | Cell])[] {
    found.push([name, this]);
    const path = [...above, this];
    for (const [key, member] of this.members()) {
      const full = name ? `${name}.${key}` : key;
      if (member instanceof Cell) found.push([full, member]);
      else if (!path.includes(member)) member.walk(full, path, found);
    }
    return found;
  }

  private cells<T extends Cell>(kind: new (...args: never[]) => T): Map<string, T> {
    const found = new Map<string, T>();
    const seen = new Set<unknown>();
    for (const [name, member] of this.walk("", [])) {
      if (!(member instanceof kind) || seen.has(member)) continue;
      seen.add(member);
      found.set(name, member);
    }
    return found;
  }
}

/** The tensor of a name, in the dtype and shape that the model has it in; the model's if it has none. */
function fitting(name: string, dict: StateDict, current: StateDict): Tensor {
  const { shape, dtype } = current[name]!;
  if (!Object.hasOwn(dict, name)) return current[name]!;
  const given = cast(dict[name]!, dtype);
  if (sameShape(given.shape, shape)) return given;
  // Published norms often keep a number per channel as [1, C, 1, 1].
  if (sameShape(withoutOnes(given.shape), withoutOnes(shape))) return reshape(given, shape);
  return fail(
    {
      where: "loadStateDict",
      expected: `${name} of shape ${showShape(shape)}, ${dtype}`,
      got: `${showShape(given.shape)}, ${dtype}`,
    },
    ShapeError,
  );
}

function refuseNames(
  missing: readonly string[],
  unexpected: readonly string[],
  names: Iterable<string>,
): void {
  if (missing.length + unexpected.length === 0) return;
  const list = (label: string, items: readonly string[]): string[] =>
    items.length === 0
      ? []
      : [
          `${label} ${items.slice(0, 5).join(", ")}${items.length > 5 ? `, … (${items.length})` : ""}`,
        ];
  const near = unexpected[0] === undefined ? undefined : nearest(unexpected[0], names);
  fail(
    {
      where: "loadStateDict",
      expected: "exactly the model's names",
      got: [...list("no", missing), ...list("unknown", unexpected)].join("; "),
      hint: `${near ? `Did you mean ${near}? ` : ""}Pass { strict: false } to load what fits.`,
    },
    EvenkeelError,
  );
}

const withoutOnes = (shape: Shape): Shape => shape.filter((n) => n !== 1);
