import { fail, mul, scope, sum, type Tensor, valueAndGrad, zeros } from "@evenkeel/autodiff";
import { type BoundNorm, evaluation, type Mode, type Tensors, training } from "@evenkeel/norm-core";
import { type Deviation, deviation } from "./compare.ts";
import {
  type GoldenCase,
  type GoldenConfig,
  type GoldenStep,
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

/** How a golden file's cases become calls of a norm. */
export interface GoldenAdapter<O, C = never> {
  /** The file's `method`. */
  readonly method: string;
  /** Options from the file's config; undefined passes the case over, as another variant's. */
  readonly options: (config: GoldenConfig, xShape: readonly number[]) => O | undefined;
  /** The input that is normalized. Default "x". */
  readonly x?: string;
  /** The condition, made of the other inputs. */
  readonly condition?: (call: GoldenCall) => C;
  /** Default: `training` for "train", `evaluation` for "eval". */
  readonly mode?: (call: GoldenCall) => Mode;
  /** Our name for each of the file's that differs: `{ running_mean: "runningMean" }`. */
  readonly names?: Readonly<Record<string, string>>;
  /** Keys of cases and steps beyond the common ones, read by the functions above. */
  readonly understands?: readonly string[];
}

/** One tensor of a step beside the file's. */
export interface GoldenComparison extends Deviation {
  /** "output", "gradInputs.x", "gradParams.weight", "buffersAfter.runningMean". */
  readonly tensor: string;
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

export interface StepRun {
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
  const cotangent = step.gradOutput && goldenTensor(step.gradOutput);
  const config = configOf(goldenCase, step);
  return scope(() => {
    const loss = (
      given: Tensors,
      p: Tensors,
    ): [Tensor, Omit<StepRun, "gradInputs" | "gradParams">] => {
      const call: GoldenCall = { config, inputs: { ...inputs, ...given }, step, goldenCase };
      const x = call.inputs[adapter.x ?? "x"];
      const mode = adapter.mode ? adapter.mode(call) : modeOf(step.mode ?? goldenCase.mode);
      const applied = bound.apply(x!, p, state, { mode, condition: adapter.condition?.(call) });
      const total = cotangent
        ? sum(mul(applied.output, cotangent))
        : zeros([], { dtype: "float64" });
      return [total, applied];
    };
    const { aux, grads } = valueAndGrad(loss, { argnums: [0, 1], hasAux: true })(watched, params);
    return { ...aux, gradInputs: grads[0], gradParams: grads[1] };
  });
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

/** Every tensor of the step beside the file's, the worst first. */
export function compareStep(
  run: StepRun,
  step: GoldenStep,
  names: Readonly<Record<string, string>> = {},
): GoldenComparison[] {
  const found: GoldenComparison[] = [{ tensor: "output", ...deviation(run.output, step.output) }];
  const groups = [
    ["gradInputs", run.gradInputs],
    ["gradParams", run.gradParams],
    ["buffersAfter", run.state],
  ] as const;
  for (const [group, tensors] of groups) {
    for (const [name, expected] of Object.entries(step[group])) {
      const got = tensors[names[name] ?? name];
      if (!got) {
        fail({
          where: `golden ${group}`,
          expected: name,
          got: Object.keys(tensors).join(", ") || "none",
        });
      }
      found.push({ tensor: `${group}.${name}`, ...deviation(got, expected) });
    }
  }
  return found.sort((a, b) => b.error - a.error);
}
