import { fail } from "@evenkeel/autodiff";
import { type Deviation, deviation } from "./compare.ts";
import {
  type GoldenConfig,
  type GoldenStep,
  type GoldenTensor,
  type GoldenTensors,
  goldenTensor,
} from "./golden-file.ts";
import type { GoldenAdapter, StepRun } from "./golden-step.ts";

/** One tensor of a step beside the file's. */
export interface GoldenComparison extends Deviation {
  /** "output", "gradInputs.x", "gradParams.weight", "buffersAfter.runningMean". */
  readonly tensor: string;
}

/** What a gradient that is 0 but for rounding is judged by: the size of what cancelled in it. */
function cancelled({ data }: GoldenTensor, cotangent: GoldenTensor | null): number {
  const largest = (list: readonly number[]): number => Math.max(0, ...list.map(Math.abs));
  const size = largest(cotangent?.data ?? []);
  return largest(data) < 1e-12 * size ? size : 0;
}

/** Every tensor of the step beside the file's, the worst first. */
export function compareStep<O, C>(
  run: StepRun,
  step: GoldenStep,
  { names = {}, state }: GoldenAdapter<O, C>,
  config: GoldenConfig,
): GoldenComparison[] {
  const { output } = step;
  const found: GoldenComparison[] = output
    ? [{ tensor: "output", ...deviation(run.output, output) }]
    : [];
  for (const [name, got] of Object.entries(run.others ?? {})) {
    if (step.extraOutputs?.[name]) continue;
    const expected = goldenTensor(step.outputs?.[name] ?? (step[name] as GoldenTensor));
    found.push({ tensor: `output.${name}`, ...deviation(got, expected) });
  }
  const groups = [
    ["extraOutputs", run.others ?? {}],
    ["gradInputs", run.gradInputs],
    ["gradParams", run.gradParams],
    ["paramsAfter", run.paramsAfter ?? {}],
    ["buffersAfter", state ? state.to(run.state, config) : run.state],
  ] as const;
  for (const [group, tensors] of groups) {
    for (const [name, expected] of Object.entries((step[group] ?? {}) as GoldenTensors)) {
      const got = tensors[names[name] ?? name];
      if (!got) {
        fail({
          where: `golden ${group}`,
          expected: name,
          got: Object.keys(tensors).join(", ") || "none",
        });
      }
      const scale = group === "buffersAfter" ? 0 : cancelled(expected, step.gradOutput);
      found.push({ tensor: `${group}.${name}`, ...deviation(got, expected, scale) });
    }
  }
  return found.sort((a, b) => b.error - a.error);
}
