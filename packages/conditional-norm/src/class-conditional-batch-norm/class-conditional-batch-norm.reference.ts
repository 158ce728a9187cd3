import type { NdArray, NormCall, Plain } from "@evenkeel/testkit";
import { batchNormOfRows, type Entry, type Result } from "../rows.reference.ts";
import type {
  ClassCondition,
  ClassConditionalBatchNormOptions,
} from "./class-conditional-batch-norm.ts";

type Call = NormCall<ClassConditionalBatchNormOptions, ClassCondition>;

/** Σ over k of how much sample n is of class k, times table[k, c]. */
export function rowsByClass(table: NdArray, classes: Plain<ClassCondition>["classes"]): Entry {
  const [numClasses, channels] = table.shape as [number, number];
  return (n, c) => {
    let sum = 0;
    for (let k = 0; k < numClasses; k++) {
      const share = "shape" in classes ? classes.data[n * numClasses + k]! : +(classes[n] === k);
      sum += share * table.data[k * channels + c]!;
    }
    return sum;
  };
}

/** Miyato and Koyama: batch norm, then a gamma and a beta of each sample's class. */
export function classConditionalBatchNormReference(call: Call): Result {
  const { params, condition } = call;
  const { classes } = condition!;
  return batchNormOfRows(
    call,
    rowsByClass(params["gammaEmbed"]!, classes),
    rowsByClass(params["betaEmbed"]!, classes),
  );
}
