import { OptionError, refuse, ShapeError, show, showShape } from "./error.ts";
import { scope } from "./scope.ts";
import { sameShape } from "./shape.ts";
import { type GradientOf, stretched, sweep } from "./sweep.ts";
import { enter, recordWhile, type Stretch, type TapeNode } from "./tape.ts";
import { onesLike, Tensor, viewOf, zerosLike } from "./tensor.ts";
import { leaves, mapTree, type Tree } from "./tree.ts";

const alias: TapeNode["op"] = { name: "alias", scalar: (x) => x!, vjp: (g) => [g] };

/** A watched stand-in for t, so that a `grad` inside a `grad` never mistakes one's x for the other's. */
function leafOf(t: Tensor, where: string): Tensor {
  const leaf = viewOf(t, t.shape, where);
  enter(alias, [t], undefined, leaf);
  return leaf;
}

interface Recorded {
  readonly result: unknown;
  readonly stretch: Stretch;
  /** Per argument: the watched tensors standing in for its own, in order. */
  readonly stand: readonly (readonly Tensor[])[];
}

function recordCall(
  where: string,
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  argnums: readonly number[],
): Recorded {
  const stand: Tensor[][] = args.map(() => []);
  const { result, stretch } = recordWhile(() => {
    const given = args.map((arg, i) => {
      if (!argnums.includes(i)) return arg;
      return mapTree(where, arg, (t) => {
        const leaf = leafOf(t, where);
        stand[i]!.push(leaf);
        return leaf;
      });
    });
    return f(...(given as never[]));
  });
  return { result, stretch, stand };
}

/** The gradients of `stand`, nested as `arg` is; zeros where nothing depends on it. */
function nest<T>(arg: T, stand: readonly Tensor[], gradientOf: GradientOf): T {
  let i = 0;
  return mapTree("grad", arg, () => {
    const leaf = stand[i++]!;
    const g = gradientOf(leaf);
    return g ? stretched(g, leaf) : zerosLike(leaf);
  });
}

type Args = readonly unknown[];

export interface GradOptions<N extends number | readonly number[], Aux extends boolean> {
  /** Which arguments to differentiate. Default 0. */
  readonly argnums?: N;
  /** `f` returns `[loss, aux]`; `aux` is handed back untouched. Default false. */
  readonly hasAux?: Aux;
}

/** The gradient of one argument, or a list of them, each nested as its argument is. */
export type GradsOf<A extends Args, N> = N extends number
  ? A[N]
  : N extends readonly number[]
    ? { [K in keyof N]: N[K] extends keyof A ? A[N[K]] : never }
    : never;

export interface ValueAndGrads<G, X> {
  readonly value: Tensor;
  readonly grads: G;
  readonly aux: X;
}

/**
 * `f`'s value and the gradient of it with respect to its arguments, in one forward and one backward
 * sweep. It is a `scope`: memory that is not part of the result is given back.
 *
 * Nest it for higher orders: every gradient is made of ops and differentiates again.
 *
 * @param f - Returns a tensor of one element, or with `hasAux` a pair of it and anything else.
 *   Differentiated arguments are tensors, or arrays and plain records of tensors, nested.
 * @returns A function of `f`'s arguments giving `{ value, grads, aux }`.
 * @throws ShapeError if the result has not one element; OptionError if it is no tensor.
 *
 * @example
 * const loss = (p: { w: Tensor }, x: Tensor) => mean(square(matmul(x, p.w)));
 * const { value, grads } = valueAndGrad(loss)({ w: ones([3, 1]) }, ones([8, 3]));
 * // grads.w has shape [3, 1]
 */
export function valueAndGrad<
  A extends Args,
  X = undefined,
  const N extends number | readonly number[] = 0,
>(
  f: (...args: A) => Tensor | readonly [Tensor, X],
  { argnums, hasAux = false }: GradOptions<N, boolean> = {},
): (...args: A) => ValueAndGrads<GradsOf<A, N>, X> {
  const wrt: number | readonly number[] = argnums ?? 0;
  const list = typeof wrt === "number" ? [wrt] : wrt;
  return (...args) =>
    scope(() => {
      checkArgnums(list, args.length);
      const { result, stretch, stand } = recordCall("grad", f, args, list);
      const value = checkLoss(hasAux && Array.isArray(result) ? result[0] : result, hasAux, result);
      const aux = (hasAux ? (result as readonly unknown[])[1] : undefined) as X;
      const gradientOf = sweep(stretch, stand, [[value, onesLike(value)]]);
      const of = (i: number): unknown => nest(args[i], stand[i]!, gradientOf);
      return {
        value,
        aux,
        grads: (typeof wrt === "number" ? of(wrt) : wrt.map(of)) as GradsOf<A, N>,
      };
    });
}

/** Like `valueAndGrad`, but only the gradient. */
export function grad<A extends Args, const N extends number | readonly number[] = 0>(
  f: (...args: A) => Tensor,
  options: Pick<GradOptions<N, false>, "argnums"> = {},
): (...args: A) => GradsOf<A, N> {
  const both = valueAndGrad<A, undefined, N>(f, options);
  return (...args) => scope(() => both(...args).grads);
}

function checkArgnums(argnums: readonly number[], count: number): void {
  for (const i of argnums) {
    if (Number.isInteger(i) && i >= 0 && i < count) continue;
    refuse(OptionError, "grad", `argnums from 0 to ${count - 1}`, show(i));
  }
}

function checkLoss(loss: unknown, hasAux: boolean, result: unknown): Tensor {
  if (!(loss instanceof Tensor) || (hasAux && !Array.isArray(result))) {
    return refuse(
      OptionError,
      "grad",
      hasAux ? "a function returning [loss, aux]" : "a function returning a tensor",
      show(result),
      "It must be synchronous and return the loss itself.",
    );
  }
  if (loss.size === 1) return loss;
  return refuse(
    ShapeError,
    "grad",
    "a loss of one element",
    `shape ${showShape(loss.shape)}`,
    "Reduce it with sum or mean, or use vjp for a gradient of your own.",
  );
}

/**
 * The value of `f` at `args`, and the pullback that turns a gradient of the value into gradients of
 * the arguments: g ↦ gᵀ·Jacobian. Both may be nested. The pullback may be called more than once, as
 * long as the scope in which `vjp` ran is open.
 *
 * @example
 * const { value, pullback } = vjp((x: Tensor) => exp(x), tensor([0, 1]));
 * const [dx] = pullback(ones([2])); // dx equals value
 */
export function vjp<A extends readonly Tree[], R extends Tree>(
  f: (...args: A) => R,
  ...args: A
): { readonly value: R; readonly pullback: (g: R) => A } {
  const { result, stretch, stand } = recordCall(
    "vjp",
    f,
    args,
    args.map((_, i) => i),
  );
  const value = result as R;
  const outputs = leaves(value);
  const pullback = (g: R): A => {
    const given = leaves(g);
    if (
      given.length !== outputs.length ||
      given.some((t, i) => !sameShape(t.shape, outputs[i]!.shape))
    ) {
      refuse(
        ShapeError,
        "pullback",
        `gradients of shapes ${outputs.map((t) => showShape(t.shape)).join(", ")}`,
        given.map((t) => showShape(t.shape)).join(", ") || "none",
      );
    }
    const seeds = outputs.map((t, i) => [t, given[i]!] as const);
    const gradientOf = sweep(stretch, stand, seeds);
    return args.map((arg, i) => nest(arg, stand[i]!, gradientOf)) as unknown as A;
  };
  return { value, pullback };
}
