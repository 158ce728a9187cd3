import type { NormCall } from "@evenkeel/testkit";
import { batchNormOfRows, type Entry, type Result, rowOf, rowTimes } from "../rows.reference.ts";
import type { EmbeddingCondition, FilmBatchNormOptions } from "./film-batch-norm.ts";

type Call = NormCall<FilmBatchNormOptions, EmbeddingCondition>;

/** Batch norm, then Perez et al., equation 2, with gamma and beta linear in the embedding. */
export function filmBatchNormReference(call: Call): Result {
  const { params, condition, options } = call;
  const { numFeatures, gammaBaseline = 1 } = options;
  const generated: Entry = (n, row) =>
    rowTimes(params["generatorWeight"]!, row, rowOf(condition!.embedding, n)) +
    params["generatorBias"]!.data[row]!;
  return batchNormOfRows(
    call,
    (n, c) => generated(n, c) + gammaBaseline,
    (n, c) => generated(n, numFeatures + c),
  );
}
