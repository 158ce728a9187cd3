import type { NormCall } from "@evenkeel/testkit";
import { mix, type Result, sandwich } from "../sandwich.reference.ts";
import type {
  SandwichAuxBatchNormCondition,
  SandwichAuxBatchNormOptions,
} from "./sandwich-aux-batch-norm.ts";

type Call = NormCall<SandwichAuxBatchNormOptions, SandwichAuxBatchNormCondition>;

/** Gong and others: batch norm by the branch's statistics, the shared affine, then the branch's. */
export function sandwichAuxBatchNormReference(call: Call): Result {
  const { branch } = call.condition!;
  const only = (_: number, k: number): number => (k === branch ? 1 : 0);
  const { gammaEmbed, betaEmbed } = call.params;
  return sandwich(call, mix(gammaEmbed!, only), mix(betaEmbed!, only), branch);
}
