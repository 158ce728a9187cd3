import { add, fail, mul, scope, sum, type Tensor, valueAndGrad, zeros } from "@evenkeel/autodiff";
import {
  type Applied,
  type BoundNorm,
  evaluation,
  type Mode,
  type Tensors,
  training,
} from "@evenkeel/norm-core";
import {
  type GoldenCase,
  type GoldenConfig,
  type GoldenStep,
  type GoldenTensor,
  goldenTensor,
} from "./golden-file.ts";

/** What an adapter's functions are told about a step. */
export interface GoldenCall {
  /** The case's, with the step's own entries over it. */
  readonly config: GoldenConfig;
  /** The step's inputs; those with a gradient in the file are being differentiated. */
  readonly inputs: Tensors;
  readonly step: GoldenStep;
  readonly goldenCase: GoldenCase;
}

/** A step about to run: what a norm's `apply` is given by default. */
export interface GoldenRun<C> extends GoldenCall {
  readonly bound: BoundNorm<C>;
  readonly x: Tensor;
  /** The norm's, and those that the adapter calls `around`. */
  readonly params: Tensors;
  readonly state: Tensors;
  readonly mode: Mode;
}

/** How a file's buffers become a state and the other way round. */
export interface GoldenState {
  readonly from: (buffers: Tensors, initial: Tensors, config: GoldenConfig) => Tensors;
  readonly to: (state: Tensors, config: GoldenConfig) => Tensors;
}

/** What a step may compute besides an output and a state. */
export interface GoldenExtra {
  readonly others?: Tensors;
  /** What is differentiated, where that is not ⟨gradOutput, output⟩. */
  readonly loss?: Tensor;
  /** Parameters that the step has trained, compared with its `paramsAfter`. */
  readonly paramsAfter?: Tensors;
}

/** How a golden file's cases become calls of a norm. */
export interface GoldenAdapter<O, C = never> {
  /** The file's `method`. */
  readonly method: string;
  /** Options from the file's config; undefined passes the case over, as another variant's. */
  readonly options: (
    config: GoldenConfig,
    xShape: readonly number[],
    goldenCase: GoldenCase,
  ) => O | undefined;
  /** The input that is normalized. Default "x". */
  readonly x?: string;
  /** The condition, made of the other inputs. */
  readonly condition?: (call: GoldenCall) => C;
  /** Default: `training` for "train", `evaluation` for "eval". */
  readonly mode?: (call: GoldenCall) => Mode;
  /**
   * Samples of each part of x, where the file has a parameter's gradient by part: "weight@1" is what the
   * second part's outputs contribute.
   */
  readonly parts?: (call: GoldenCall) => readonly number[];
  /** Our name for each of the file's that differs: `{ running_mean: "runningMean" }`. */
  readonly names?: Readonly<Record<string, string>>;
  /**
   * Runs a step where there is more to it than the norm, such as a convolution before it or a second forward.
   * `others` are compared with the tensors that the step has under their names. Default: `bound.apply`.
   */
  readonly apply?: (run: GoldenRun<C>) => Applied & GoldenExtra;
  /** Our names of the file's parameters that are not the norm's but of what `apply` puts around it. */
  readonly around?: readonly string[];
  /** Where the file keeps buffers in another form than the norm. Default: the same tensors. */
  readonly state?: GoldenState;
  /** Keys of cases and steps beyond the common ones, read by the functions above. */
  readonly understands?: readonly string[];
}

/** The config that holds in a step. */
export function configOf(one: GoldenCase, step: GoldenStep): GoldenConfig {
  return { ...one.config, ...step.config };
}

/** Tensors by our names. */
export function tensorsOf(
  golden: Readonly<Record<string, Parameters<typeof goldenTensor>[0]>>,
  names: Readonly<Record<string, string>> = {},
): Tensors {
  return Object.fromEntries(
    Object.entries(golden).map(([name, t]) => [names[name] ?? name, goldenTensor(t)]),
  );
}

export interface StepRun extends GoldenExtra {
  readonly output: Tensor;
  readonly state: Tensors;
  readonly gradInputs: Tensors;
  readonly gradParams: Tensors;
}

/** Forward, backward and the next state of one step. */
export function runStep<O, C>({
  bound,
  params,
  state,
  step,
  goldenCase,
  adapter,
}: {
  readonly bound: BoundNorm<C>;
  readonly params: Tensors;
  readonly state: Tensors;
  readonly step: GoldenStep;
  readonly goldenCase: GoldenCase;
  readonly adapter: GoldenAdapter<O, C>;
}): StepRun {
  const inputs = tensorsOf(step.inputs);
  const watched = Object.fromEntries(
    Object.entries(inputs).filter(([name]) => name in step.gradInputs),
  );
  const config = configOf(goldenCase, step);
  return scope(() => {
    const lossBy =
      (cotangents: GoldenStep) =>
      (given: Tensors, p: Tensors): [Tensor, Omit<StepRun, "gradInputs" | "gradParams">] => {
        const call: GoldenCall = { config, inputs: { ...inputs, ...given }, step, goldenCase };
        const x = call.inputs[adapter.x ?? "x"];
        const mode = adapter.mode ? adapter.mode(call) : modeOf(step.mode ?? goldenCase.mode);
        const applied = adapter.apply
          ? adapter.apply({ ...call, bound, x: x!, params: p, state, mode })
          : bound.apply(x!, p, state, { mode, condition: adapter.condition?.(call) });
        return [lossOf(applied, cotangents), applied];
      };
    const run = (cotangents: GoldenStep) =>
      valueAndGrad(lossBy(cotangents), { argnums: [0, 1], hasAux: true })(watched, params);
    const { aux, grads } = run(step);
    const parts = adapter.parts?.({ config, inputs, step, goldenCase }) ?? [];
    const byPart = parts.flatMap((_, part) =>
      Object.entries(run(onlyPart(step, parts, part)).grads[1]).map(
        ([name, t]) => [`${name}@${part}`, t] as const,
      ),
    );
    const gradParams = { ...grads[1], ...Object.fromEntries(byPart) };
    return { ...aux, gradInputs: grads[0], gradParams };
  });
}

/** The step as if only one part's samples had a gradient. */
function onlyPart(step: GoldenStep, sizes: readonly number[], part: number): GoldenStep {
  const { gradOutput } = step;
  if (!gradOutput) return step;
  const row = gradOutput.data.length / gradOutput.shape[0]!;
  const from = sizes.slice(0, part).reduce((sum, n) => sum + n, 0) * row;
  const to = from + sizes[part]! * row;
  const data = gradOutput.data.map((v, i) => (i >= from && i < to ? v : 0));
  return { ...step, gradOutput: { ...gradOutput, data } };
}

/**
 * The run's own loss, or else ⟨gradOutput, output⟩ and the same of every further output; 0 where nothing is
 * differentiated.
 */
function lossOf(
  { output, others = {}, loss }: GoldenExtra & { readonly output: Tensor },
  { gradOutput, gradOutputs = {} }: GoldenStep,
): Tensor {
  if (loss) return loss;
  if (!gradOutput) return zeros([], { dtype: "float64" });
  const product = (t: Tensor, g: GoldenTensor): Tensor => sum(mul(t, goldenTensor(g)));
  return Object.entries(gradOutputs).reduce(
    (total, [name, g]) => {
      const other = others[name];
      if (other) return add(total, product(other, g));
      return fail({ where: "golden outputs", expected: name, got: Object.keys(others).join(", ") });
    },
    product(output, gradOutput),
  );
}

function modeOf(name: string): Mode {
  if (name === "train") return training;
  if (name === "eval") return evaluation;
  return fail({
    where: "runGolden",
    expected: 'mode "train" or "eval"',
    got: JSON.stringify(name),
    hint: "Give the adapter a mode function.",
  });
}
