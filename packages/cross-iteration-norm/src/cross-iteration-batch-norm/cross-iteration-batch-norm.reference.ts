import type { NdArray, NormCall } from "@evenkeel/testkit";
import type {
  CrossIterationBatchNormCondition,
  CrossIterationBatchNormOptions,
} from "./cross-iteration-batch-norm.ts";

type Call = NormCall<CrossIterationBatchNormOptions, CrossIterationBatchNormCondition>;
type State = Readonly<Record<string, NdArray>>;
type Result = { readonly output: NdArray; readonly state: State };

interface Statistics {
  readonly mean: number;
  /** Mean of x². */
  readonly square: number;
  readonly count: number;
}

/**
 * Yao et al., equations 6 to 12, with the published code's rules, on [N, C, …space] in float64: by means and
 * mean squares, as the paper has them.
 */
export function crossIterationBatchNormReference(call: Call): Result {
  const { x, params, state, mode, options } = call;
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const { eps = 1e-5, epsMode = "outside" } = options;
  const output = new Float64Array(x.data.length);
  const batch: Statistics[] = [];
  for (let c = 0; c < channels; c++) {
    const at: number[] = [];
    for (let n = 0; n < samples; n++) {
      for (let s = 0; s < space; s++) at.push((n * channels + c) * space + s);
    }
    const own = statisticsOf(at.map((i) => x.data[i]!));
    batch.push(own);
    const [mean, variance] =
      mode.statistics === "running"
        ? [state["runningMean"]!.data[c]!, state["runningVar"]!.data[c]!]
        : windowOf(call, own, c);
    const deviation = epsMode === "outside" ? Math.sqrt(variance) + eps : Math.sqrt(variance + eps);
    for (const i of at) {
      const standard = (x.data[i]! - mean) / deviation;
      output[i] = standard * (params["weight"]?.data[c] ?? 1) + (params["bias"]?.data[c] ?? 0);
    }
  }
  return {
    output: { shape: x.shape, data: output },
    state: mode.update ? nextState(call, batch) : state,
  };
}

function statisticsOf(values: readonly number[]): Statistics {
  const count = values.length;
  return {
    mean: values.reduce((sum, v) => sum + v / count, 0),
    square: values.reduce((sum, v) => sum + (v * v) / count, 0),
    count,
  };
}

/** How many entries this iteration may use: `bufferNum` of the published code. */
function reachOf({ state, options }: Call): number {
  const { bufferNum = 3, burnIn = 8, twoStage = true } = options;
  const iteration = state["numBatchesTracked"]!.data[0]! + 1;
  if (twoStage) return iteration > burnIn ? bufferNum : 0;
  return burnIn === 0 ? bufferNum : Math.floor((bufferNum * Math.min(iteration, burnIn)) / burnIn);
}

/** Mean and variance of the window in one channel. */
function windowOf(call: Call, own: Statistics, c: number): readonly [number, number] {
  const { state, options } = call;
  const { negativeVarianceRule = "drop" } = options;
  const reach = reachOf(call);
  const ownVariance = own.square - own.mean ** 2;
  if (reach === 0) return [own.mean, (ownVariance * own.count) / (own.count - 1)];
  const used = [own];
  for (let entry = 0; entry < Math.min(reach, state["preCount"]!.data[0]!); entry++) {
    const { mean, square } = movedEntry(call, entry, c);
    if (square - mean ** 2 >= 0) used.push({ mean, square, count: 0 });
    else if (negativeVarianceRule === "max") used.push({ mean, square: mean ** 2, count: 0 });
  }
  const mean = used.reduce((sum, e) => sum + e.mean / used.length, 0);
  const square = used.reduce((sum, e) => sum + e.square / used.length, 0);
  return [mean, Math.max(0, square - mean ** 2)];
}

/** An entry's mean and mean square under today's weight. */
function movedEntry({ state, options, condition }: Call, entry: number, c: number): Statistics {
  const { numFeatures, groups = 1, rho = 1, filterShape } = options;
  const at = (name: string): number => state[name]!.data[entry * numFeatures + c]!;
  const mean = at("preMu");
  const square = at("preVar") + mean ** 2;
  if (!filterShape) return { mean, square, count: 0 };
  const taps = filterShape.reduce((product, n) => product * n, 1);
  const group = Math.floor(c / (numFeatures / groups));
  let [meanChange, squareChange] = [0, 0];
  for (let tap = 0; tap < taps; tap++) {
    const place = (entry * numFeatures + c) * taps + tap;
    const change = condition!.weight.data[c * taps + tap]! - state["preWeight"]!.data[place]!;
    const slope = state["preDmuDw"]!.data[(entry * groups + group) * taps + tap]!;
    meanChange += slope * change;
    squareChange += (state["preDvarDw"]!.data[place]! + 2 * mean * slope) * change;
  }
  return { mean: mean + rho * meanChange, square: square + rho * squareChange, count: 0 };
}

function nextState(call: Call, batch: readonly Statistics[]): State {
  const { state, options } = call;
  const { momentum = 0.1 } = options;
  const tracked = state["numBatchesTracked"]!.data[0]! + 1;
  const share = momentum ?? 1 / tracked;
  const variances = batch.map(({ mean, square }) => square - mean ** 2);
  const blend = (name: string, values: readonly number[]): NdArray => ({
    shape: state[name]!.shape,
    data: state[name]!.data.map((old, c) => old + share * (values[c]! - old)),
  });
  return {
    ...state,
    runningMean: blend(
      "runningMean",
      batch.map(({ mean }) => mean),
    ),
    runningVar: blend(
      "runningVar",
      variances.map((v, c) => (v * batch[c]!.count) / (batch[c]!.count - 1)),
    ),
    numBatchesTracked: { shape: [], data: Float64Array.of(tracked) },
    ...nextHistory(call, batch, variances),
  };
}

function nextHistory(
  call: Call,
  batch: readonly Statistics[],
  variances: readonly number[],
): State {
  const { state, options, condition } = call;
  const { numFeatures, groups = 1, filterShape } = options;
  const push = (name: string, values: ArrayLike<number>): NdArray => {
    const { shape, data } = state[name]!;
    const rest = data.slice(0, data.length - values.length);
    return { shape, data: Float64Array.of(...Array.from(values), ...rest) };
  };
  const history = {
    preCount: {
      shape: [],
      data: Float64Array.of(Math.min(state["preCount"]!.data[0]! + 1, reachOf(call))),
    },
    preMu: push(
      "preMu",
      batch.map(({ mean }) => mean),
    ),
    preVar: push("preVar", variances),
  };
  if (!filterShape) return history;
  const { weight, meanSlope, squareSlope } = condition!;
  const taps = weight.data.length / numFeatures;
  const slopes = squareSlope!.data.map((slope, i) => {
    const c = Math.floor(i / taps);
    const group = Math.floor(c / (numFeatures / groups));
    return slope - 2 * batch[c]!.mean * meanSlope!.data[group * taps + (i % taps)]!;
  });
  return {
    ...history,
    preDmuDw: push("preDmuDw", meanSlope!.data),
    preDvarDw: push("preDvarDw", slopes),
    preWeight: push("preWeight", weight.data),
  };
}
