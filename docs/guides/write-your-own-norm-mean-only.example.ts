import { onesLike, type Tensor, zeros } from "@evenkeel/autodiff";
import {
  affinePlanes,
  batchPlanes,
  type Card,
  checkInput,
  count,
  defineNorm,
  type Moments,
  nonNegative,
  normalizePlanes,
  type PlaneMap,
  updateAverages,
} from "@evenkeel/norm-core";
import { type NormCall, normSuite } from "@evenkeel/testkit";

interface MeanOnlyOptions {
  readonly numFeatures: number;
  readonly momentum?: number;
}

// What the norm says of itself.
const card: Card = {
  id: "meanOnlyBatchNorm",
  name: "Mean-only batch normalization",
  summary: "Subtracts each channel's mean over the batch and adds a bias.",
  tex: String.raw`y = x - \mu_c + \beta_c`,
  paper: { title: "Weight Normalization", authors: "Salimans, Kingma", year: 2016 },
  keys: { bias: "bias", runningMean: "running_mean" },
  notes: [],
};

const shifted = (center: Tensor, bias: Tensor): PlaneMap => {
  return { center, scale: onesLike(center), shift: bias };
};

// The norm itself.
const meanOnlyBatchNorm = defineNorm<MeanOnlyOptions>({
  card,
  options: { numFeatures: count(), momentum: nonNegative(0.1) },
  init: ({ numFeatures }, dtype) => ({
    params: { bias: zeros([numFeatures], { dtype }) },
    state: { runningMean: zeros([numFeatures], { dtype }) },
  }),
  apply(x, { bias }, state, { numFeatures, momentum }, { mode }) {
    const axis = checkInput(card.id, x, { numFeatures, channelAxis: 1 });
    const layout = batchPlanes(x.shape, axis);
    const rule = ({ mean }: Moments, inputs: { readonly bias: Tensor }) => {
      return { ...shifted(mean, inputs.bias), aux: mean };
    };
    const { output, aux } = normalizePlanes(x, { bias: bias! }, rule, { layout });
    const next = mode.update
      ? updateAverages(card.id, state, { runningMean: aux }, momentum)
      : state;
    if (mode.statistics === "batch") return { output, state: next };
    const map = shifted(state["runningMean"]!, bias!);
    return { output: affinePlanes(x, map, { layout }), state: next };
  },
});

// The same equation once more, in plain loops over numbers: [samples, channels, …space].
function reference({ x, params, state, mode, options }: NormCall<MeanOnlyOptions>) {
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / samples / channels;
  const { momentum = 0.1 } = options;
  const channelOf = (place: number): number => Math.floor(place / space) % channels;
  const batch = new Float64Array(channels);
  x.data.forEach((v, place) => {
    batch[channelOf(place)]! += v / (samples * space);
  });
  const running = state["runningMean"]!.data;
  const center = mode.statistics === "batch" ? batch : running;
  const data = x.data.map((v, place) => {
    const c = channelOf(place);
    return v - center[c]! + params["bias"]!.data[c]!;
  });
  const moved = running.map((r, c) => (mode.update ? r + momentum * (batch[c]! - r) : r));
  return {
    output: { shape: x.shape, data },
    state: { runningMean: { shape: [channels], data: moved } },
  };
}

// Every promise of a norm, checked on drawn shapes, numbers and modes.
const checks = normSuite({
  norm: meanOnlyBatchNorm,
  options: (numFeatures) => [{ numFeatures }, { numFeatures, momentum: 0.5 }],
  reference,
  exceptExtreme: (extreme) =>
    extreme === "numbers near float32's largest"
      ? "nothing divides them: they overflow"
      : undefined,
});
for (const { name, run } of checks) {
  run();
  console.log("ok", name);
}
if (checks.length < 15) throw new Error("the suite has fewer checks than it had");
