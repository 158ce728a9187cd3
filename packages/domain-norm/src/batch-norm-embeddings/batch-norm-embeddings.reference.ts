import type { NormCall } from "@evenkeel/testkit";
import type { Result } from "../batch.reference.ts";
import { domainsReference } from "../domains.reference.ts";
import type { DomainCondition } from "../domains.ts";
import type { BatchNormEmbeddingsOptions } from "./batch-norm-embeddings.ts";

/** Segu and others: batch norm by the statistics of each sample's domain, with an affine that all share. */
export function batchNormEmbeddingsReference(
  call: NormCall<BatchNormEmbeddingsOptions, DomainCondition>,
): Result {
  return domainsReference(call);
}
