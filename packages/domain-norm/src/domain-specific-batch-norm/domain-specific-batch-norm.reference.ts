import type { NormCall } from "@evenkeel/testkit";
import type { Result } from "../batch.reference.ts";
import { domainsReference } from "../domains.reference.ts";
import type { DomainCondition } from "../domains.ts";
import type { DomainSpecificBatchNormOptions } from "./domain-specific-batch-norm.ts";

/** Chang and others: a complete batch norm for each domain, each applied to its domain's samples. */
export function domainSpecificBatchNormReference(
  call: NormCall<DomainSpecificBatchNormOptions, DomainCondition>,
): Result {
  return domainsReference(call);
}
