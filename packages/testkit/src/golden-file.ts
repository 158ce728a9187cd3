import { fail, OptionError, show, type Tensor, tensor } from "@evenkeel/autodiff";

/** A tensor in a golden file. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  /** "int32" for ids and counters; else float64. */
  readonly dtype?: string;
}
export type GoldenTensors = Readonly<Record<string, GoldenTensor>>;

/** One forward and backward; the buffers go on to the next step. */
export interface GoldenStep {
  readonly inputs: GoldenTensors;
  /** null: nothing is differentiated in this step. */
  readonly gradOutput: GoldenTensor | null;
  /** null: the step is made for its buffers, whatever it gives. */
  readonly output: GoldenTensor | null;
  readonly gradInputs: GoldenTensors;
  readonly gradParams: GoldenTensors;
  readonly buffersAfter: GoldenTensors;
  /** Replace the case's from this step on. */
  readonly params?: GoldenTensors;
  /** Override the case's in this step. */
  readonly config?: GoldenConfig;
  readonly mode?: string;
  /** Further outputs that are differentiated, and their cotangents: the loss is the sum of all products. */
  readonly outputs?: GoldenTensors;
  readonly gradOutputs?: GoldenTensors;
  /** Further quantities that nothing is differentiated by; the adapter's `apply` gives them as `others`. */
  readonly extraOutputs?: GoldenTensors;
  /** What only one method's file has; the adapter names it in `understands`. */
  readonly [extension: string]: unknown;
}

export type GoldenConfig = Readonly<Record<string, unknown>>;

export interface GoldenCase {
  readonly name: string;
  readonly config: GoldenConfig;
  readonly mode: string;
  readonly params: GoldenTensors;
  readonly buffersBefore: GoldenTensors;
  readonly steps: readonly GoldenStep[];
  readonly [extension: string]: unknown;
}

/** Inputs, outputs and gradients of a method, made by running the authors' code. */
export interface GoldenFile {
  readonly method: string;
  readonly source: string;
  readonly notes: string;
  readonly cases: readonly GoldenCase[];
}

const FILE = ["method", "source", "notes", "cases"];
const CASE = ["name", "config", "mode", "params", "buffersBefore", "steps", "source", "notes"];
const STEP = ["inputs", "gradOutput", "output", "gradInputs", "gradParams", "buffersAfter"];
const STEP_OPTIONS = ["params", "config", "mode", "outputs", "gradOutputs", "extraOutputs"];

/**
 * Refuses a file with a key that would be passed over, or without one that is needed.
 *
 * @param understands - Keys of cases and steps that the caller takes care of itself.
 */
export function checkGoldenFile(file: GoldenFile, understands: readonly string[] = []): void {
  checkKeys(`golden file ${file.method}`, file, FILE, []);
  for (const one of file.cases) {
    const where = `golden ${file.method}, ${one.name}`;
    checkKeys(where, one, CASE.slice(0, 6), [...CASE, ...understands]);
    one.steps.forEach((step, i) => {
      checkKeys(`${where}, step ${i}`, step, STEP, [...STEP_OPTIONS, ...understands]);
    });
  }
}

function checkKeys(
  where: string,
  value: object,
  needed: readonly string[],
  optional: readonly string[],
): void {
  const keys = Object.keys(value);
  const missing = needed.find((key) => !keys.includes(key));
  if (missing) fail({ where, expected: `a key ${show(missing)}`, got: keys.join(", ") });
  const unknown = keys.find((key) => !needed.includes(key) && !optional.includes(key));
  if (unknown === undefined) return;
  fail(
    {
      where,
      expected: `keys among ${[...new Set([...needed, ...optional])].join(", ")}`,
      got: show(unknown),
      hint: "Name it in the adapter's understands if condition or options deal with it.",
    },
    OptionError,
  );
}

/** The tensor of an entry, in float64 (ids and counters too). */
export function goldenTensor({ shape, data }: GoldenTensor): Tensor {
  return tensor(Float64Array.from(data), { shape });
}
