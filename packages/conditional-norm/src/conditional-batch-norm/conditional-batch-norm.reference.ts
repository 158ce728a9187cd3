import type { NormCall } from "@evenkeel/testkit";
import { batchNormOfRows, type Entry, type Result, rowOf, rowTimes } from "../rows.reference.ts";
import type {
  ConditionalBatchNormCondition,
  ConditionalBatchNormOptions,
} from "./conditional-batch-norm.ts";

type Call = NormCall<ConditionalBatchNormOptions, ConditionalBatchNormCondition>;

/** de Vries et al., section 3.2, with one hidden layer for each side, in float64 loops. */
export function conditionalBatchNormReference(call: Call): Result {
  const { params, condition, options, mode, state } = call;
  const { embedding } = condition!;
  const side = (name: "gamma" | "beta", used: boolean): Entry => {
    const base = params[name]!.data;
    if (!used) return (_, c) => base[c]!;
    const [weight, bias, out] = ["HiddenWeight", "HiddenBias", "OutWeight"].map(
      (end) => params[`${name}${end}`]!,
    );
    const hidden = (n: number): Float64Array =>
      bias!.data.map((b, h) => Math.max(0, b + rowTimes(weight!, h, rowOf(embedding, n))));
    return (n, c) => base[c]! + rowTimes(out!, c, hidden(n));
  };
  const { useGamma = true, useBeta = true, zeroDebiasMean = false, momentum = 0.1 } = options;
  const result = batchNormOfRows(call, side("gamma", useGamma), side("beta", useBeta));
  const raw = state["meanEmaBiased"];
  if (!zeroDebiasMean || !raw || !mode.update) return result;
  // With momentum 1 the plain running mean becomes the batch's.
  const once = { ...call, mode, options: { ...options, momentum: 1 } };
  const batch = batchNormOfRows(
    once,
    () => 1,
    () => 0,
  ).state["runningMean"]!;
  const averaged = raw.data.map((v, c) => v + momentum! * (batch.data[c]! - v));
  const weight = 1 - (1 - momentum!) ** (state["numBatchesTracked"]!.data[0]! + 1);
  return {
    ...result,
    state: {
      ...result.state,
      meanEmaBiased: { shape: raw.shape, data: averaged },
      runningMean: { shape: raw.shape, data: averaged.map((v) => v / weight) },
    },
  };
}
