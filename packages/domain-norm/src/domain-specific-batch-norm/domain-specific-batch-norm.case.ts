import type { GoldenCall, NormCase } from "@evenkeel/testkit";
import type { DomainCondition } from "../domains.ts";
import {
  acceptsBatch,
  domainRejections,
  domainUse,
  drawDomains,
  everyMode,
  trainedState,
} from "../shared.case.ts";
import { domainLaws } from "../shared-laws.case.ts";
import { domainSpecificBatchNormReference } from "./domain-specific-batch-norm.reference.ts";
import {
  type DomainSpecificBatchNormOptions,
  domainSpecificBatchNorm,
} from "./domain-specific-batch-norm.ts";

const adapter = {
  options: ({ routing: _, ...config }: Readonly<Record<string, unknown>>) =>
    config as unknown as DomainSpecificBatchNormOptions,
  condition: ({ inputs: { domain } }: GoldenCall): DomainCondition => ({
    domain: domain!.rank === 0 ? domain!.item() : Array.from(domain!.data),
  }),
  understands: ["domain"],
};

/** What domain-specific batch norm promises, as data for `normSuite`. */
export const domainSpecificBatchNormCase: NormCase<
  DomainSpecificBatchNormOptions,
  DomainCondition
> = {
  norm: domainSpecificBatchNorm,
  options: (numFeatures) => [
    { numFeatures, numDomains: 2 },
    { numFeatures, numDomains: 3, affine: false },
    { numFeatures, numDomains: 1, momentum: null },
    { numFeatures, numDomains: 2, trackRunningStats: false },
    { numFeatures, numDomains: 3, eps: 1e-3, momentum: null, unbiasedRunningVar: false },
  ],
  reference: domainSpecificBatchNormReference,
  modes: everyMode,
  accepts: acceptsBatch,
  state: trainedState,
  condition: drawDomains,
  domains: domainUse,
  laws: domainLaws(),
  rejects: [
    ...domainRejections<DomainSpecificBatchNormOptions>("domainSpecificBatchNorm"),
    {
      name: "no number of domains",
      run: () => domainSpecificBatchNorm({ numFeatures: 3 } as DomainSpecificBatchNormOptions),
      message: "domainSpecificBatchNorm numDomains: expected a whole number >= 1, got undefined.",
    },
  ],
  golden: [
    { method: "dsbn", ...adapter },
    { method: "domain-specific-batch-norm", ...adapter },
  ],
};
