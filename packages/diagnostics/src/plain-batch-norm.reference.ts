import {
  affineOf,
  type BatchOptions,
  batchOptions,
  defineNorm,
  initAffine,
  initRunning,
  type Norm,
  normalizeBatch,
} from "@evenkeel/norm-core";

/** A batch norm to look at: families are not known here. */
export const plainBatchNorm: Norm<BatchOptions> = defineNorm<BatchOptions>({
  card: {
    id: "plainBatchNorm",
    name: "Plain batch norm",
    summary: "Batch norm for tests.",
    tex: "",
    paper: { title: "", authors: "", year: 2015 },
    keys: {},
    notes: [],
  },
  options: batchOptions,
  fusesActivation: true,
  init: ({ numFeatures, trackRunningStats }, dtype) => ({
    params: initAffine([numFeatures], dtype, { affine: true }),
    state: trackRunningStats ? initRunning(numFeatures, dtype) : {},
  }),
  apply: (x, params, state, options, { mode, activation }) =>
    normalizeBatch("plainBatchNorm", x, affineOf(params), { state, options, mode, activation }),
});
