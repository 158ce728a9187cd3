import {
  gather,
  grad,
  onesLike,
  random,
  square,
  sum,
  Tensor,
  zeros,
  zerosLike,
} from "@evenkeel/autodiff";
import type { NormCase } from "@evenkeel/testkit";
import { acceptsBatch, batchRejections } from "../batch.case.ts";
import { classRejections, drawClasses, oneHot } from "../classes.case.ts";
import { expectNear } from "../near.ts";
import { batchNormOfRows } from "../rows.reference.ts";
import { classConditionalBatchNormReference } from "./class-conditional-batch-norm.reference.ts";
import {
  type ClassCondition,
  type ClassConditionalBatchNormOptions,
  classConditionalBatchNorm,
} from "./class-conditional-batch-norm.ts";

/** What class-conditional batch norm promises, as data for `normSuite`. */
export const classConditionalBatchNormCase: NormCase<
  ClassConditionalBatchNormOptions,
  ClassCondition
> = {
  norm: classConditionalBatchNorm,
  options: (numFeatures) => [
    { numFeatures, numClasses: 4 },
    { numFeatures, numClasses: 3, momentum: null },
    { numFeatures, numClasses: 2, trackRunningStats: false, gammaStd: 0.02 },
    { numFeatures, numClasses: 1, eps: 1e-3, momentum: 0.7, unbiasedRunningVar: false },
  ],
  reference: classConditionalBatchNormReference,
  accepts: acceptsBatch,
  condition: (stream, [samples], { numClasses }) => ({
    classes: drawClasses(stream, samples!, numClasses),
  }),
  domains: {
    options: (usual, numClasses) => ({ ...usual, numClasses }),
    condition: (classes) => ({ classes }),
  },
  reducesTo: [
    {
      name: "batch norm without an affine where every row is gamma 1 and beta 0",
      params: ({ gammaEmbed, betaEmbed }) => ({
        gammaEmbed: onesLike(gammaEmbed!),
        betaEmbed: zerosLike(betaEmbed!),
      }),
      equals: (call) =>
        batchNormOfRows(
          call,
          () => 1,
          () => 0,
        ).output,
    },
    {
      name: "batch norm with an affine for a single class",
      options: (options) => ({ ...options, numClasses: 1 }),
      equals(call) {
        const { gammaEmbed, betaEmbed } = call.params;
        const at = (t: typeof gammaEmbed) => (_: number, c: number) => t!.data[c]!;
        return batchNormOfRows(call, at(gammaEmbed), at(betaEmbed)).output;
      },
    },
  ],
  laws: [
    {
      name: "soft classes that are all one class are that class",
      holds({ bound, x, params, state, mode, options: { numClasses }, seed }) {
        const stream = random(seed);
        const ids = Array.from({ length: x.shape[0]! }, () => stream.integer(numClasses));
        const output = (classes: ClassCondition["classes"]): Tensor =>
          bound.apply(x, params, state, { mode, condition: { classes } }).output;
        expectNear(output(oneHot(ids, numClasses)), output(ids));
      },
    },
    {
      name: "the rows of absent classes have no gradient at all",
      holds({ bound, x, params, state, mode }) {
        const classes = new Int32Array(x.shape[0]!);
        const loss = (p: typeof params): Tensor =>
          sum(square(bound.apply(x, p, state, { mode, condition: { classes } }).output));
        for (const d of Object.values(grad(loss)(params))) {
          const channels = d.shape[1]!;
          if (d.data.subarray(channels).some((v) => v !== 0)) throw new Error(`got ${d}`);
        }
      },
    },
    {
      name: "classes in another order with their rows change nothing",
      holds({ bound, x, params, state, mode, condition, options: { numClasses }, seed }) {
        const { classes } = condition!;
        if (classes instanceof Tensor) return;
        const order = random(seed).permutation(numClasses);
        const moved = Object.fromEntries(
          Object.entries(params).map(([name, table]) => [name, gather(table, order)]),
        );
        const renamed = Int32Array.from(classes, (k) => order.indexOf(k));
        const apply = (p: typeof params, ids: ClassCondition["classes"]): Tensor =>
          bound.apply(x, p, state, { mode, condition: { classes: ids } }).output;
        expectNear(apply(moved, renamed), apply(params, classes));
      },
    },
  ],
  rejects: [
    ...batchRejections<ClassConditionalBatchNormOptions, ClassCondition>(
      "classConditionalBatchNorm",
      { classes: [0, 1, 2, 3] },
    ),
    ...classRejections<ClassConditionalBatchNormOptions, ClassCondition>(
      "classConditionalBatchNorm",
      4,
    ),
    {
      name: "one value per channel in training",
      run: ({ bound, params, state }) =>
        bound.apply(zeros([1, 3, 1]), params, state, { condition: { classes: [0] } }),
      message:
        "classConditionalBatchNorm: expected more than one value for each statistic, got shape [1, 3, 1]. Use larger batches, evaluation mode, or group norm.",
    },
    {
      name: "a missing number of classes",
      run: () => classConditionalBatchNorm({ numFeatures: 3 } as ClassConditionalBatchNormOptions),
      message: "classConditionalBatchNorm numClasses: expected a whole number >= 1, got undefined.",
    },
  ],
  golden: [
    {
      method: "class-conditional-batch-norm",
      options: ({ gammaOffset: _, ...config }) =>
        config as unknown as ClassConditionalBatchNormOptions,
      condition: ({ inputs }) => ({ classes: Int32Array.from(inputs["classId"]!.data) }),
    },
    {
      // The baseline beside sandwich norm in architecture search: the previous operations name the class.
      method: "sandwich-batch-norm-nas",
      options: ({ variant, numFeatures, numPrevOps, numPrevNodes, eps, momentum }) => {
        const numClasses = Number(numPrevOps) ** Number(numPrevNodes);
        const options = { numFeatures, numClasses, eps, momentum };
        return variant === "ccbn" ? (options as ClassConditionalBatchNormOptions) : undefined;
      },
      condition: ({ config: { numPrevOps, prevOpIdxs }, inputs }) => {
        const place = (sum: number, id: number, i: number): number =>
          sum + Number(numPrevOps) ** i * id;
        const k = (prevOpIdxs as readonly number[]).reduce(place, 0);
        return { classes: new Int32Array(inputs["x"]!.shape[0]!).fill(k) };
      },
    },
  ],
};
