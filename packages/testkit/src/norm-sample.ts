import { add, type Random, random, type Shape, type Tensor } from "@evenkeel/autodiff";
import { type Applied, evaluation, type Mode, training } from "@evenkeel/norm-core";
import { guard } from "./compare.ts";
import { toPlain } from "./ndarray.ts";
import type { NormCall, NormCase, NormSample } from "./norm-case.ts";
import { showNumbers } from "./show.ts";
import { castTree, entries, mapTensors, move } from "./tree.ts";

/** fast-check prints counterexamples by it; samples are drawn without fast-check, in pages too. */
const toStringMethod = Symbol.for("fast-check/toStringMethod");

const frozenBatch: Mode = { statistics: "batch", update: false };

/** The modes that a case is tried in. */
export function modesOf<O extends object, C>(norm: NormCase<O, C>): readonly Mode[] {
  return norm.modes ?? [training, evaluation, frozenBatch];
}

/** A mode's name, for messages. */
export function showMode({ statistics, update }: Mode): string {
  if (statistics === "batch") return update ? "training" : "training without an update";
  return update ? "evaluation with an update" : "evaluation";
}

/** One call, every number of it from the seed. */
export function drawSample<O extends object, C>(
  norm: NormCase<O, C>,
  shape: Shape,
  options: O,
  mode: Mode,
  seed: number,
): NormSample<O, C> {
  const stream = random(seed);
  const bound = norm.norm(options);
  const initial = bound.init({ dtype: "float64" });
  const x = drawX(norm, stream, shape, options);
  const params = norm.params
    ? norm.params(stream, initial.params, options)
    : Object.fromEntries(
        Object.entries(initial.params).map(([name, t]) => [name, noisy(stream, t)]),
      );
  const condition = norm.condition?.(stream, shape, options);
  let state = norm.state ? norm.state(stream, initial.state, options) : initial.state;
  const steps = norm.state || !(norm.accepts?.(shape, options, training) ?? true) ? 0 : 2;
  for (let left = stream.integer(steps + 1); left > 0; left--) {
    const batch = drawX(norm, stream, shape, options);
    state = bound.apply(batch, params, state, { mode: training, condition }).state;
  }
  return printable({ bound, options, mode, x, params, state, condition, seed });
}

function drawX<O extends object, C>(
  norm: NormCase<O, C>,
  stream: Random,
  shape: Shape,
  options: O,
): Tensor {
  if (norm.x) return norm.x(stream, shape, options);
  const mean = 4 * stream.next() - 2;
  return stream.normal(shape, { mean, std: 0.5 + stream.next(), dtype: "float64" });
}

function noisy(stream: Random, t: Tensor): Tensor {
  return add(t, stream.normal(t.shape, { std: 0.3, dtype: t.dtype }));
}

/** Counterexamples show what was called, then the numbers. */
function printable<O, C>(sample: NormSample<O, C>): NormSample<O, C> {
  const text = (): string => {
    const { x, params, state, condition } = sample;
    const numbers = entries({ x, params, state, condition }).map(
      ([path, t]) => `\n    ${path}: ${showNumbers(t)}`,
    );
    const options = JSON.stringify(sample.options);
    return `x [${x.shape.join(", ")}], ${options}, ${showMode(sample.mode)}${numbers.join("")}`;
  };
  return Object.defineProperty(sample, toStringMethod, { value: text, enumerable: false });
}

/** The sample's norm applied to it, or to what `changed` puts in its place. */
export function applySample<O, C>(
  sample: NormSample<O, C>,
  changed: Partial<NormSample<O, C>> = {},
): Applied {
  const { bound, x, params, state, mode, condition } = { ...sample, ...changed };
  return bound.apply(x, params, state, { mode, condition });
}

/** The sample in plain numbers. */
export function plainCall<O, C>(sample: NormSample<O, C>): NormCall<O, C> {
  const { x, params, state, mode, options, condition } = sample;
  return {
    x: toPlain(x),
    params: toPlain(params),
    state: toPlain(state),
    mode,
    options,
    condition: toPlain(condition) as NormCall<O, C>["condition"],
  };
}

/** The sample with every tensor in another dtype. */
export function castSample<O, C>(
  sample: NormSample<O, C>,
  dtype: "float32" | "float64",
): NormSample<O, C> {
  const { x, params, state, condition } = sample;
  return { ...sample, ...castTree({ x, params, state, condition }, dtype) };
}

/** The sample with every tensor in the memory of the current backend. */
export function moveSample<O, C>(sample: NormSample<O, C>): NormSample<O, C> {
  const { x, params, state, condition } = sample;
  return { ...sample, ...mapTensors({ x, params, state, condition }, move) };
}

/** Refuses changes to any tensor of the sample. */
export function guardSample<O, C>(sample: NormSample<O, C>): () => void {
  const { x, params, state, condition } = sample;
  return guard("normSuite", { x, params, state, condition });
}
