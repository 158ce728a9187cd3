import type { NormCall } from "@evenkeel/testkit";
import { mix, type Result, sandwich } from "../sandwich.reference.ts";
import type {
  SandwichBatchNormNasCondition,
  SandwichBatchNormNasOptions,
} from "./sandwich-batch-norm-nas.ts";

type Call = NormCall<SandwichBatchNormNasOptions, SandwichBatchNormNasCondition>;

/** Gong and others: statistics and an affine for each choice of previous operations, between them a shared one. */
export function sandwichBatchNormNasReference(call: Call): Result {
  let branch = 0;
  call.condition!.prevOps.forEach((id, i) => {
    branch += call.options.numPrevOps ** i * id;
  });
  const only = (_: number, k: number): number => (k === branch ? 1 : 0);
  const { gammaEmbed, betaEmbed } = call.params;
  return sandwich(call, mix(gammaEmbed!, only), mix(betaEmbed!, only), branch);
}
