import { random, scope, type Tensor, type Tree } from "@evenkeel/autodiff";
import { evaluation, type Mode, training } from "@evenkeel/norm-core";
import { deviation, type NumbersLike } from "./compare.ts";
import { type GradientFigures, gradientReport } from "./gradients.ts";
import type { MethodCase } from "./method-case.ts";
import { toPlain } from "./ndarray.ts";
import type { NormCase, NormSample } from "./norm-case.ts";
import { applySample, drawSample, plainCall } from "./norm-sample.ts";
import { tolerances } from "./tolerances.ts";

/** One call of a norm or a method, with its figures: for people to read, not for a test to pass. */
export interface Trial {
  /** As the case lists or draws them. */
  readonly options: unknown;
  /** "training" or "evaluation"; methods that are no norms have none. */
  readonly mode: string | undefined;
  /** Of the first input. */
  readonly shape: readonly number[];
  /** How far output and next state are from the plain loops of the reference. */
  readonly reference: () => Agreement;
  /** The derivatives beside finite differences, for the orders that the case has. */
  readonly gradients: () => readonly GradientFigures[];
}

/** The largest error of some numbers, relative as `deviation` says, to 1 at least. */
export interface Agreement {
  readonly error: number;
  readonly tolerance: number;
}

/** A norm in training and evaluation with every option record of its case, on one small input. */
export function* normTrials<O extends object, C>(
  norm: NormCase<O, C>,
  { seed = 1 }: { readonly seed?: number } = {},
): Generator<Trial> {
  const shape = smallShape(norm);
  for (const options of norm.options(shape[1]!, shape)) {
    for (const [mode, switches] of Object.entries<Mode>({ training, evaluation })) {
      if (norm.accepts?.(shape, options, switches) === false) continue;
      const sample = drawSample(norm, shape, options, switches, seed);
      yield {
        options,
        mode,
        shape,
        reference: () => scope(() => normAgreement(norm, sample)),
        gradients: () => normGradients(norm, sample),
      };
    }
  }
}

/** A method that is no norm, on some inputs that its case draws. */
export function* methodTrials<P>(
  method: MethodCase<P>,
  { seed = 1, count = 4 }: { readonly seed?: number; readonly count?: number } = {},
): Generator<Trial> {
  const stream = random(seed);
  const order = method.order ?? 3;
  for (let i = 0; i < count; i++) {
    const { inputs, params } = method.draw(stream);
    const call = (at: readonly Tensor[]): Tensor => method.call(at, params);
    const compare = (): Agreement =>
      agreement([[call(inputs), method.reference(toPlain(inputs), params)]]);
    yield {
      options: params,
      mode: undefined,
      shape: inputs[0]!.shape,
      reference: () => scope(compare),
      gradients: () => (order === 0 ? [] : gradientReport(call, inputs, { order, seed })),
    };
  }
}

/** A small input that the case takes: [3, 4, 3, 2], or as near to it as its shapes allow. */
function smallShape<O extends object, C>({ shapes = {} }: NormCase<O, C>): number[] {
  const near = (list: readonly number[] | undefined, wanted: number): number =>
    !list || list.includes(wanted) ? wanted : list.at(-1)!;
  const rank = near(shapes.ranks, 4);
  const space = [3, 2, 2].slice(0, rank - 2).map((side) => near(shapes.side, side));
  return [near(shapes.batch, 3), near(shapes.channels, 4), ...space];
}

function normAgreement<O extends object, C>(
  norm: NormCase<O, C>,
  sample: NormSample<O, C>,
): Agreement {
  const { output, state } = applySample(sample);
  const expected = norm.reference(plainCall(sample));
  const names = new Set([...Object.keys(state), ...Object.keys(expected.state)]);
  const states = [...names].map((name) => [state[name], expected.state[name]] as const);
  return agreement([[output, expected.output], ...states]);
}

type Pair = readonly [got: NumbersLike | undefined, expected: NumbersLike | undefined];

function agreement(pairs: readonly Pair[]): Agreement {
  const errors = pairs.map(([got, expected]) =>
    got && expected ? deviation(got, expected, 1).error : Infinity,
  );
  return { error: Math.max(...errors), tolerance: tolerances.reference };
}

function normGradients<O extends object, C>(
  norm: NormCase<O, C>,
  sample: NormSample<O, C>,
): readonly GradientFigures[] {
  const order = norm.gradientOrder ?? 3;
  if (order === 0) return [];
  const { f, at } = differentiated(norm, sample);
  return gradientReport(f, at, { order, seed: sample.seed });
}

/** A call's output as a function of what is differentiated in it. */
export function differentiated<O extends object, C>(
  { conditionGradients }: NormCase<O, C>,
  sample: NormSample<O, C>,
): { readonly f: (at: Record<string, Tree>) => Tensor; readonly at: Record<string, Tree> } {
  const { x, params, condition } = sample;
  const at: Record<string, Tree> = { x, params };
  if (conditionGradients) at["condition"] = condition as Tree;
  return { f: (given) => applySample(sample, given as Partial<NormSample<O, C>>).output, at };
}
