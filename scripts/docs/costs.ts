import { readBenchmarks } from "../../apps/bench/src/docs/files.ts";
import type { CostFacts } from "../../apps/docs/src/content/facts.ts";

const usual = "16x64x32x32";

/** What was measured of a norm: by all engines on the usual images, by ours on other shapes. */
export function costsOf(id: string): readonly CostFacts[] {
  const rows = (readBenchmarks()?.results ?? []).filter(
    ({ suite, threads, medianMs }) => suite === "norm" && threads === 1 && medianMs !== null,
  );
  return rows.flatMap(({ case: name, engine, medianMs }) => {
    const [norm, shape = ""] = name.split(" ");
    if (norm !== id || (shape !== usual && engine !== "evenkeel")) return [];
    if (engine === "copy") return [];
    const base = rows.find((row) => row.case === `batchNorm ${shape}` && row.engine === engine);
    return [{ shape, engine, ms: medianMs!, ...(base ? { batchNormMs: base.medianMs! } : {}) }];
  });
}
