import type { NormCall } from "@evenkeel/testkit";
import { rowsByClass } from "../class-conditional-batch-norm/class-conditional-batch-norm.reference.ts";
import { batchNormOfRows, type Entry, type Result, rowOf, rowTimes } from "../rows.reference.ts";
import type { BigganBatchNormOptions, BigganCondition } from "./biggan-batch-norm.ts";

type Call = NormCall<BigganBatchNormOptions, BigganCondition>;

/** Brock, Donahue and Simonyan: batch norm, times one plus a gain, plus a bias. */
export function bigganBatchNormReference(call: Call): Result {
  const { params, condition = {} } = call;
  const { classes, embedding } = condition;
  const entry = (table: string, weight: string): Entry =>
    params[table]
      ? rowsByClass(params[table], classes!)
      : (n, c) => rowTimes(params[weight]!, c, rowOf(embedding!, n));
  const gain = entry("gammaEmbed", "gainWeight");
  return batchNormOfRows(call, (n, c) => 1 + gain(n, c), entry("betaEmbed", "biasWeight"));
}
