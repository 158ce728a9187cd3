import type { NdArray, NormCall } from "@evenkeel/testkit";
import type { MovingAverageBatchNormOptions } from "./moving-average-batch-norm.ts";

type Call = NormCall<MovingAverageBatchNormOptions>;
type State = Readonly<Record<string, NdArray>>;
type Result = { readonly output: NdArray; readonly state: State };

/** Of one channel: where its numbers lie, and by what they are divided. */
interface Channel {
  readonly at: readonly number[];
  readonly meanSquare: number;
  readonly v: number;
  readonly r: number;
}

/** Yan et al. by the rules of MABN.py, on [N, C, …space] in float64: the forward. */
export function movingAverageBatchNormReference(call: Call): Result {
  const { x, params, state, mode, options } = call;
  const { eps = 1e-5, momentum = 0.02, bufferSize = 16 } = options;
  const output = new Float64Array(x.data.length);
  const copy = Object.fromEntries(
    Object.entries(state).map(([name, t]) => [name, { shape: t.shape, data: t.data.slice() }]),
  );
  const iteration = state["iters"]!.data[0]! + 1;
  channelsOf(call).forEach(({ at, meanSquare, v, r }, c, { length }) => {
    const running = mode.statistics === "running";
    const scale = running
      ? 1 / Math.sqrt(state["runningVar"]!.data[c]! + eps)
      : r / Math.sqrt(v + eps);
    for (const i of at) {
      const standard = x.data[i]! * scale;
      output[i] = standard * (params["weight"]?.data[c] ?? 1) + (params["bias"]?.data[c] ?? 0);
    }
    copy["runningVar"]!.data[c]! += momentum * (v - copy["runningVar"]!.data[c]!);
    copy["bufferX2"]!.data[(iteration % bufferSize) * length + c] = meanSquare;
  });
  copy["iters"]!.data[0] = iteration;
  return { output: { shape: x.shape, data: output }, state: mode.update ? copy : state };
}

/** The backward: gradients of x, weight and bias, and the row that it writes. */
export function movingAverageGradients(
  call: Call,
  dy: ArrayLike<number>,
): Readonly<Record<"x" | "weight" | "bias" | "row", Float64Array>> {
  const { x, params, state, options } = call;
  const { eps = 1e-5, bufferSize = 16 } = options;
  const channels = channelsOf(call);
  const zeros = (): Float64Array => new Float64Array(channels.length);
  const found = {
    x: new Float64Array(x.data.length),
    weight: zeros(),
    bias: zeros(),
    row: zeros(),
  };
  channels.forEach(({ at, v, r }, c) => {
    const inverse = 1 / Math.sqrt(v + eps);
    const weight = params["weight"]?.data[c] ?? 1;
    for (const i of at) {
      const [z, g] = [x.data[i]! * inverse, dy[i]! * weight * r];
      found.weight[c]! += dy[i]! * r * z;
      found.bias[c]! += dy[i]!;
      found.row[c]! += (g * z) / at.length;
    }
    let average = found.row[c]!;
    if (isAveraged(call)) {
      const { row } = turnOf(call);
      for (let other = 0; other < bufferSize; other++) {
        if (other !== row) average += state["bufferGz"]!.data[other * channels.length + c]!;
      }
      average /= bufferSize;
    }
    for (const i of at) {
      found.x[i] = (dy[i]! * weight * r - x.data[i]! * inverse * average) * inverse;
    }
  });
  return found;
}

function turnOf({ state, options }: Call): { readonly iteration: number; readonly row: number } {
  const iteration = state["iters"]!.data[0]! + 1;
  return { iteration, row: iteration % (options.bufferSize ?? 16) };
}

function isAveraged(call: Call): boolean {
  const { bufferSize = 16, warmupIters = 100 } = call.options;
  const { iteration } = turnOf(call);
  return !(iteration <= bufferSize || iteration < warmupIters);
}

function channelsOf(call: Call): readonly Channel[] {
  const { x, state, options } = call;
  const { eps = 1e-5, bufferSize = 16, warmupIters = 100, rStart = 1000, rClip = 5 } = options;
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const { iteration, row } = turnOf(call);
  return Array.from({ length: channels }, (_, c) => {
    const at: number[] = [];
    for (let n = 0; n < samples; n++) {
      for (let s = 0; s < space; s++) at.push((n * channels + c) * space + s);
    }
    const meanSquare = at.reduce((sum, i) => sum + x.data[i]! ** 2 / at.length, 0);
    let v = meanSquare;
    if (isAveraged(call)) {
      for (let other = 0; other < bufferSize; other++) {
        if (other !== row) v += state["bufferX2"]!.data[other * channels + c]!;
      }
      v /= bufferSize;
    }
    const limit = iteration <= Math.max(rStart, warmupIters) ? 1 : rClip;
    const ratio = Math.sqrt(v + eps) / Math.sqrt(state["runningVar"]!.data[c]! + eps);
    return { at, meanSquare, v, r: Math.min(limit, Math.max(1 / limit, ratio)) };
  });
}
