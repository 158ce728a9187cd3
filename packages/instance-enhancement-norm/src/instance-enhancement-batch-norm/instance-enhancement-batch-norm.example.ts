import { div, random, sigmoid, tensor } from "@evenkeel/autodiff";
import { instanceEnhancementBatchNorm } from "@evenkeel/instance-enhancement-norm";
import { batchPlanes, momentsOfPlanes } from "@evenkeel/norm-core";

// Feature maps of 8 samples with 3 channels.
const x = random(1).normal([8, 3, 4, 4], { mean: 1 });

const iebn = instanceEnhancementBatchNorm({ numFeatures: 3 });
const { params, state } = iebn.init();
const { output } = iebn.apply(x, params, state);

// At first every gate is sigmoid(−1): batch norm at 0.27 of its size.
const { m2 } = momentsOfPlanes(output, batchPlanes(output.shape, 1));
const deviation = Math.sqrt(div(m2, 8 * 16).data[0]!);
const first = sigmoid(tensor(-1)).item();
console.log("standard deviation of channel 0", deviation, "sigmoid(-1)", first);
if (Math.abs(deviation - first) > 1e-4) throw new Error("the first gate is sigmoid(-1)");

// With an attention weight a sample's own mean opens its gate; the others' gates stay as they are.
const attentive = { ...params, attentionWeight: tensor([2, 2, 2]) };
const gated = iebn.apply(x, attentive, state).output;
const ratios = [...gated.data].map((v, i) => v / output.data[i]!);
console.log(
  "gates relative to the first ones, channel 0",
  [0, 48, 96].map((i) => ratios[i]),
);
if (Math.abs(ratios[0]! - ratios[15]!) > 1e-4) throw new Error("one gate per sample and channel");
