import type { NdArray, NormCall } from "@evenkeel/testkit";
import { channelsOf, moved, type Result, valuesOf } from "./batch.reference.ts";
import type { DomainCondition, DomainOptions } from "./domains.ts";

type Call = NormCall<DomainOptions, DomainCondition>;

/** Batch norm of every domain's samples apart; weight and bias per domain, or shared if they have one row. */
export function domainsReference({ x, params, state, mode, options, condition }: Call): Result {
  const { samples, channels, space } = channelsOf(x);
  const { eps = 1e-5 } = options;
  const given = condition!.domain;
  const ids = Array.from({ length: samples }, (_, n) =>
    typeof given === "number" ? given : given[n]!,
  );
  const output = new Float64Array(x.data.length);
  let next = state;
  for (const domain of new Set(ids)) {
    const rows = [...ids.keys()].filter((n) => ids[n] === domain);
    const statistics = Array.from({ length: channels }, (_, c) => valuesOf(x, c, rows));
    if (mode.update) next = moved(next, statistics, options, domain);
    for (let c = 0; c < channels; c++) {
      const entry = (t: NdArray | undefined, fallback: number): number =>
        t ? t.data[t.shape.length > 1 ? domain * channels + c : c]! : fallback;
      const running = mode.statistics === "running" && state["runningMean"] !== undefined;
      const mean = running ? entry(state["runningMean"], 0) : statistics[c]!.mean;
      const variance = running ? entry(state["runningVar"], 1) : statistics[c]!.variance;
      for (const n of rows) {
        for (let s = 0; s < space; s++) {
          const i = (n * channels + c) * space + s;
          const standard = (x.data[i]! - mean) / Math.sqrt(variance + eps);
          output[i] = entry(params["weight"], 1) * standard + entry(params["bias"], 0);
        }
      }
    }
  }
  return { output: { shape: x.shape, data: output }, state: next };
}
