import type { NormCall } from "@evenkeel/testkit";
import { mix, type Result, sandwich } from "../sandwich.reference.ts";
import type {
  SandwichBatchNormCondition,
  SandwichBatchNormOptions,
} from "./sandwich-batch-norm.ts";

type Call = NormCall<SandwichBatchNormOptions, SandwichBatchNormCondition>;

/** How much of class k sample n is. */
export function shareOf(condition: Call["condition"], n: number, k: number): number {
  const { classes } = condition!;
  if ("shape" in classes) return classes.data[n * classes.shape[1]! + k]!;
  return classes[n] === k ? 1 : 0;
}

/** Gong and others: batch norm, the shared affine, then that of each sample's class. */
export function sandwichBatchNormReference(call: Call): Result {
  const share = (n: number, k: number): number => shareOf(call.condition, n, k);
  const { gammaEmbed, betaEmbed } = call.params;
  return sandwich(call, mix(gammaEmbed!, share), mix(betaEmbed!, share));
}
