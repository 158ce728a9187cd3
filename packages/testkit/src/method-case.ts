import { type Backend, fail, type Random, random, type Tensor } from "@evenkeel/autodiff";
import type { BoundNorm, Card, Mode, Tensors } from "@evenkeel/norm-core";
import { seeds } from "./arbitrary.ts";
import type { Check } from "./check.ts";
import { type GoldenResult, goldenSuite, runGolden } from "./golden.ts";
import type { GoldenCase, GoldenConfig, GoldenFile } from "./golden-file.ts";
import { type GoldenAdapter, type GoldenCall, type GoldenExtra, tensorsOf } from "./golden-step.ts";
import { type OpCase, type OpSample, opSuite } from "./op-suite.ts";

/** A step of a golden file that is about to run, with the parameters and buffers that it has then. */
export interface ProgramCall extends GoldenCall {
  readonly params: Tensors;
  readonly state: Tensors;
  readonly mode: Mode;
}

/** What the steps of a golden file compute where that is not one norm: a transform, a layer, a composition. */
export interface GoldenProgram {
  /** The file's `method`. */
  readonly method: string;
  /** Whether a case is this program's; others are passed over. */
  readonly takes: (config: GoldenConfig) => boolean;
  /** `others` are compared with the tensors that the step has under their names. */
  readonly run: (call: ProgramCall) => GoldenExtra & {
    readonly output: Tensor;
    /** Default: the state as it came. */
    readonly state?: Tensors;
  };
  /** The state before the first step. Default: the file's buffers. */
  readonly state?: (goldenCase: GoldenCase) => Tensors;
  /** Keys of cases and steps beyond the common ones, that `run` takes care of. */
  readonly understands?: readonly string[];
}

/**
 * Everything that `methodSuite` must know of a method that is not a norm, such as a transform of weights:
 * its main function as an op, and its golden files.
 */
export interface MethodCase<P = undefined> extends Omit<OpCase<P>, "name" | "samples"> {
  readonly card: Card;
  /** Inputs, in float64, and parameters, where the function is smooth. */
  readonly draw: (stream: Random) => OpSample<P>;
  readonly golden?: readonly GoldenProgram[];
}

/**
 * The promises of `opSuite` for a method's function, and a check per golden case.
 *
 * @param options.golden - The files of the case's programs; null leaves them out on purpose.
 *
 * @example
 * for (const { name, run } of methodSuite(weightMeanCase, { golden: [file] })) test(name, run);
 */
export function methodSuite<P = undefined>(
  method: MethodCase<P>,
  {
    backends = [],
    golden = [],
  }: {
    readonly backends?: readonly Backend[];
    readonly golden?: readonly GoldenFile[] | null;
  } = {},
): Check[] {
  const { card, draw, golden: programs = [] } = method;
  const samples = seeds().map((seed) => draw(random(seed)));
  const checks = opSuite({ ...method, name: card.id, samples }, { backends });
  if (golden === null) return checks;
  const files = programs.flatMap((program) => {
    const file = golden.find((f) => f.method === program.method);
    if (file) return programSuite(file, program);
    return fail({
      where: `methodSuite of ${card.id}`,
      expected: `the golden file of ${program.method}`,
      got: golden.map((f) => f.method).join(", ") || "none",
      hint: "Pass { golden: [file, …] }, or { golden: null } to leave them out.",
    });
  });
  return [...checks, ...files];
}

/** Runs a golden file's cases by a program: `runGolden` without a norm. */
export function runProgram(file: GoldenFile, program: GoldenProgram): GoldenResult[] {
  return eachCase(file, program, (one, norm, adapter) => runGolden(one, norm, adapter));
}

function programSuite(file: GoldenFile, program: GoldenProgram): Check[] {
  const checks = eachCase(file, program, (one, norm, adapter) => goldenSuite(one, norm, adapter));
  if (checks.length > 0) return checks;
  return fail({ where: `golden ${file.method}`, expected: "a case to take", got: "none" });
}

type StandIn = (options: object) => BoundNorm;

function eachCase<R>(
  file: GoldenFile,
  program: GoldenProgram,
  visit: (file: GoldenFile, norm: StandIn, adapter: GoldenAdapter<object>) => readonly R[],
): R[] {
  const taken = file.cases.filter(({ config }) => program.takes(config));
  return taken.flatMap((one) =>
    visit({ ...file, cases: [one] }, standIn(one, program), adapterOf(one, program)),
  );
}

/** In the place of a norm: it has no parameters of its own, and the program's state. */
function standIn(one: GoldenCase, { method, state }: GoldenProgram): StandIn {
  return (options) => ({
    card: { id: method } as Card,
    options,
    init: () => ({ params: {}, state: state ? state(one) : tensorsOf(one.buffersBefore) }),
    apply: () => fail({ where: method, expected: "the program to run", got: "a norm" }),
  });
}

function adapterOf(
  one: GoldenCase,
  { method, run, ...rest }: GoldenProgram,
): GoldenAdapter<object> {
  const [input] = Object.keys(one.steps[0]?.inputs ?? {});
  return {
    method,
    options: () => ({}),
    ...(input !== undefined && { x: input }),
    around: Object.keys(one.params),
    apply: (call) => ({ state: call.state, ...run(call) }),
    ...(rest.understands && { understands: rest.understands }),
  };
}
