import { fail } from "@evenkeel/autodiff";
import type { BoundNorm, Tensors } from "@evenkeel/norm-core";
import type { Check } from "./check.ts";
import { MismatchError } from "./compare.ts";
import { compareStep, type GoldenComparison } from "./golden-compare.ts";
import {
  checkGoldenFile,
  type GoldenCase,
  type GoldenFile,
  type GoldenStep,
} from "./golden-file.ts";
import { configOf, type GoldenAdapter, runStep, tensorsOf } from "./golden-step.ts";
import { tolerances } from "./tolerances.ts";

/** Largest relative errors of one step of one case. */
export interface GoldenResult {
  readonly case: string;
  readonly step: number;
  readonly output: number;
  readonly gradInputs: number;
  readonly gradParams: number;
  readonly buffersAfter: number;
  /** Every tensor that was compared, the worst first. */
  readonly comparisons: readonly GoldenComparison[];
}

/**
 * Runs a golden file's cases in float64, carrying the state from step to step, and says how far each
 * tensor is from the file. Nothing in the file is passed over: an unknown key is an error.
 */
export function runGolden<O, C>(
  file: GoldenFile,
  norm: (options: O) => BoundNorm<C>,
  adapter: GoldenAdapter<O, C>,
): GoldenResult[] {
  checkMethod(file, adapter);
  return file.cases.flatMap((one) => runCase(one, norm, adapter));
}

/** A check per case of a golden file: every tensor within `tolerances.golden`. */
export function goldenSuite<O, C>(
  file: GoldenFile,
  norm: (options: O) => BoundNorm<C>,
  adapter: GoldenAdapter<O, C>,
): Check[] {
  checkMethod(file, adapter);
  const ours = file.cases.filter((one) => optionsOf(one, one.steps[0]!, adapter));
  if (ours.length === 0) {
    fail({ where: `golden ${file.method}`, expected: "a case with options", got: "none" });
  }
  return ours.map((one) => ({
    name: `golden ${file.method}: ${one.name}`,
    run: () => runCase(one, norm, adapter).forEach(refuseDeviation),
  }));
}

function checkMethod<O, C>(file: GoldenFile, adapter: GoldenAdapter<O, C>): void {
  checkGoldenFile(file, adapter.understands);
  if (file.method === adapter.method) return;
  fail({ where: "runGolden", expected: `the file of ${adapter.method}`, got: file.method });
}

function refuseDeviation({ case: name, step, comparisons }: GoldenResult): void {
  const [worst] = comparisons;
  if (!worst || worst.error <= tolerances.golden) return;
  const { tensor, index, got, expected, error } = worst;
  fail(
    {
      where: `golden ${name}, step ${step}, ${tensor}[${index.join(", ")}]`,
      expected: `${expected} within ${tolerances.golden}`,
      got: `${got} (relative error ${error.toExponential(1)})`,
    },
    MismatchError,
  );
}

function optionsOf<O, C>(
  one: GoldenCase,
  step: GoldenStep,
  adapter: GoldenAdapter<O, C>,
): O | undefined {
  return adapter.options(configOf(one, step), step.inputs[adapter.x ?? "x"]?.shape ?? [], one);
}

function runCase<O, C>(
  one: GoldenCase,
  norm: (options: O) => BoundNorm<C>,
  adapter: GoldenAdapter<O, C>,
): GoldenResult[] {
  const results: GoldenResult[] = [];
  let params = tensorsOf(one.params, adapter.names);
  let state: Tensors | undefined;
  for (const [i, step] of one.steps.entries()) {
    const options = optionsOf(one, step, adapter);
    if (options === undefined) return results;
    const bound = norm(options);
    const initial = bound.init({ dtype: "float64" });
    if (step.params) params = { ...params, ...tensorsOf(step.params, adapter.names) };
    const where = `golden ${one.name}`;
    take(`${where}, params`, without(params, adapter.around), initial.params);
    state ??= firstState(one, initial.state, adapter);
    take(`${where}, buffers`, state, initial.state);
    const run = runStep({ bound, params, state, step, goldenCase: one, adapter });
    results.push(summarize(one.name, i, compareStep(run, step, adapter, configOf(one, step))));
    state = run.state;
  }
  return results;
}

function firstState<O, C>(
  { buffersBefore, config }: GoldenCase,
  initial: Tensors,
  { names, state }: GoldenAdapter<O, C>,
): Tensors {
  const buffers = tensorsOf(buffersBefore, names);
  return state ? state.from(buffers, initial, config) : { ...initial, ...buffers };
}

function without(tensors: Tensors, names: readonly string[] = []): Tensors {
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => !names.includes(name)));
}

/** Refuses tensors of other names or shapes than the norm itself makes. */
function take(where: string, given: Tensors, own: Tensors): void {
  const describe = (tensors: Tensors): string =>
    Object.keys(tensors)
      .sort()
      .map((name) => `${name} [${tensors[name]!.shape.join(", ")}]`)
      .join(", ") || "none";
  const [expected, got] = [describe(own), describe(given)];
  if (expected !== got) fail({ where, expected, got });
}

function summarize(name: string, step: number, comparisons: GoldenComparison[]): GoldenResult {
  const worst = (group: string): number =>
    Math.max(0, ...comparisons.filter((c) => c.tensor.startsWith(group)).map((c) => c.error));
  return {
    case: name,
    step,
    output: worst("output"),
    gradInputs: worst("gradInputs"),
    gradParams: worst("gradParams"),
    buffersAfter: worst("buffersAfter"),
    comparisons,
  };
}
