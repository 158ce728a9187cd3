import type { NormCase } from "@evenkeel/testkit";
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
import { batchNormEmbeddingsReference } from "./batch-norm-embeddings.reference.ts";
import { type BatchNormEmbeddingsOptions, batchNormEmbeddings } from "./batch-norm-embeddings.ts";
import { layerAdapter, networkAdapter } from "./golden.case.ts";

/** What batch norm embeddings promise, as data for `normSuite`. */
export const batchNormEmbeddingsCase: NormCase<BatchNormEmbeddingsOptions, DomainCondition> = {
  norm: batchNormEmbeddings,
  options: (numFeatures) => [
    { numFeatures, numDomains: 2 },
    { numFeatures, numDomains: 3, affine: false },
    { numFeatures, numDomains: 1, momentum: null },
    { numFeatures, numDomains: 2, trackRunningStats: false },
    { numFeatures, numDomains: 3, eps: 1e-3, momentum: null, unbiasedRunningVar: false },
  ],
  reference: batchNormEmbeddingsReference,
  modes: everyMode,
  accepts: acceptsBatch,
  state: trainedState,
  condition: drawDomains,
  domains: domainUse,
  laws: domainLaws(),
  rejects: domainRejections<BatchNormEmbeddingsOptions>("batchNormEmbeddings"),
  golden: [layerAdapter, networkAdapter],
};
