import {
  type Backend,
  cast,
  fail,
  type Shape,
  showShape,
  type Tensor,
  type Tree,
  vjp,
} from "@evenkeel/autodiff";
import { type Applied, evaluation, type Mode, type Tensors, training } from "@evenkeel/norm-core";
import { expectAgreement, type Pair } from "./agreement.ts";
import { seeds } from "./arbitrary.ts";
import type { Check } from "./check.ts";
import { MismatchError } from "./compare.ts";
import type { NormCase, NormSample, NormShapes } from "./norm-case.ts";
import { cotangentOf } from "./norm-checks.ts";
import {
  applySample,
  castSample,
  drawSample,
  modesOf,
  moveSample,
  showMode,
} from "./norm-sample.ts";
import { withBackend } from "./refusal.ts";
import { forAllOn } from "./runs.ts";
import { backendTolerance } from "./tolerances.ts";
import { entries } from "./tree.ts";

/** A step of a norm: what it gives, and the gradients of ⟨cotangent, output⟩. */
export interface NormStep extends Applied {
  readonly gradient: Readonly<Record<string, Tree>>;
}

/** Gradients are of x, the parameters and what the case differentiates of its condition. */
export function stepOf<O extends object, C>(
  { conditionGradients = false }: NormCase<O, C>,
  sample: NormSample<O, C>,
  cotangent: Tensor,
): NormStep {
  const { x, params, condition } = sample;
  const at: Record<string, Tree> = { x, params };
  if (conditionGradients) at["condition"] = condition as Tree;
  let state: Tensors = {};
  const { value, pullback } = vjp((given: Record<string, Tree>): Tensor => {
    const applied = applySample(sample, given as Partial<NormSample<O, C>>);
    state = applied.state;
    return applied.output;
  }, at);
  return { output: value, state, gradient: pullback(cotangent)[0] };
}

/** Promise 8: float32 on a backend is near float64 on the CPU, for equal inputs. */
export function agreesInFloat32<O extends object, C>(
  norm: NormCase<O, C>,
  sample: NormSample<O, C>,
  backend: Backend,
): void | Promise<void> {
  return expectAgreement(backend, () => {
    const single = castSample(sample, "float32");
    const double = castSample(single, "float64");
    const cotangent = cast(cotangentOf(double), "float32");
    // Gradients that cancel are judged by the size of what cancels: the cotangent's.
    const scale = Math.max(1, ...cotangent.data.map(Math.abs));
    const wanted = new Map(entries(stepOf(norm, double, cast(cotangent, "float64"))));
    const found = withBackend(backend, () => stepOf(norm, moveSample(single), cotangent));
    const tolerance = backendTolerance(backend.name);
    return entries(found).map(([path, got]): Pair => {
      expectFloat32(got);
      const what = `${path}, float32 on ${backend.name}`;
      const expected = wanted.get(path)!;
      return path.startsWith("gradient")
        ? { what, got, expected, tolerance: tolerance.gradient, scale }
        : { what, got, expected, tolerance: tolerance.output };
    });
  });
}

function expectFloat32(t: Tensor): void {
  if (t.dtype === "float32") return;
  fail({ where: "normSuite", expected: "float32, as x", got: t.dtype }, MismatchError);
}

/** Of the usual number of draws, the least that `runs` allows: each is tried with every shape and option record. */
const few = 0.06;

/**
 * What a backend promises of a norm: output, next state and gradients in float32 (of x, the parameters and what
 * the case differentiates of its condition) agree with float64 within the backend's tolerance, in training and
 * evaluation, with every option record of the case on two small shapes, and with the usual one on an image.
 *
 * It is the whole suite of a backend whose memory is out of the process; checks there return a Promise. The
 * promises of `normSuite` that need numbers at once, the same bits or shaders that know NaN and infinity are not
 * asked of such a backend: they are kept by the norm, in process.
 *
 * @param options.share - The part of the option records that is tried, the usual one always. Default 1.
 *
 * @example
 * for (const { name, run } of normBackendSuite(batchNormCase, backend)) test(name, run);
 */
export function normBackendSuite<O extends object, C = never>(
  norm: NormCase<O, C>,
  backend: Backend,
  { share = 1 }: { readonly share?: number } = {},
): Check[] {
  if (norm.exceptions?.float32 !== undefined) return [];
  return callsOf(norm, share).map(({ shape, options, mode }) => ({
    name: `float32 on ${backend.name} agrees with float64 in ${showMode(mode)} on ${showShape(shape)} with ${JSON.stringify(options)}`,
    run: () =>
      forAllOn(
        backend,
        seeds().map((seed) => drawSample(norm, shape, options, mode, seed)),
        (sample) => agreesInFloat32(norm, sample, backend),
        few,
      ),
  }));
}

interface Call<O> {
  readonly shape: Shape;
  readonly options: O;
  readonly mode: Mode;
}

function callsOf<O extends object, C>(norm: NormCase<O, C>, share: number): Call<O>[] {
  const modes = modesOf(norm).filter(({ statistics, update }) =>
    [training, evaluation].some((m) => m.statistics === statistics && m.update === update),
  );
  const accepted = (shape: Shape, mode: Mode): Call<O>[] =>
    norm
      .options(shape[1]!, shape)
      .filter((options) => norm.accepts?.(shape, options, mode) ?? true)
      .map((options) => ({ shape, options, mode }));
  const every = Math.max(1, Math.round(1 / share));
  return modes.flatMap((mode) => [
    ...accepted(imageShape(norm), mode).slice(0, 1),
    ...smallShapes(norm).flatMap((shape) =>
      accepted(shape, mode).filter((_, i) => i % every === 0),
    ),
  ]);
}

function near(list: readonly number[] | undefined, wanted: number): number {
  return !list || list.includes(wanted) ? wanted : list.at(-1)!;
}

function shapeOf({ batch, channels }: NormShapes, rank: number, side: number): Shape {
  return [near(batch, 4), near(channels, 4), ...new Array<number>(rank - 2).fill(side)];
}

/** [4, 4, 16, 16], whose sums are long, or what is nearest to it among the case's shapes. */
function imageShape<O extends object, C>({ shapes = {} }: NormCase<O, C>): Shape {
  return shapeOf(shapes, near(shapes.ranks, 4), 16);
}

/** [4, 4, 3, 3], or what is nearest to it among the case's shapes, and one of the fewest axes. */
function smallShapes<O extends object, C>({ shapes = {} }: NormCase<O, C>): Shape[] {
  const [rank, fewest] = [near(shapes.ranks, 4), Math.min(...(shapes.ranks ?? [2]))];
  const side = near(shapes.side, 3);
  const small = shapeOf(shapes, rank, side);
  return fewest < rank ? [small, shapeOf(shapes, fewest, side)] : [small];
}
