import { grad, onesLike, type Random, square, sum, tensor, zerosLike } from "@evenkeel/autodiff";
import { type Classes, training } from "@evenkeel/norm-core";
import type { NdArray, NormCase } from "@evenkeel/testkit";
import {
  acceptsBatch,
  batchRejections,
  everyMode,
  expectNear,
  withoutRows,
} from "../sandwich.case.ts";
import { mix, standardize } from "../sandwich.reference.ts";
import { sandwichBatchNormReference, shareOf } from "./sandwich-batch-norm.reference.ts";
import {
  type SandwichBatchNormCondition,
  type SandwichBatchNormOptions,
  sandwichBatchNorm,
} from "./sandwich-batch-norm.ts";

/** Ids, or shares that add up to 1. */
function drawClasses(stream: Random, samples: number, numClasses: number): Classes {
  if (stream.next() < 0.7) return Array.from({ length: samples }, () => stream.integer(numClasses));
  const shares = new Float64Array(samples * numClasses);
  for (let n = 0; n < samples; n++) {
    const row = shares.subarray(n * numClasses, (n + 1) * numClasses);
    for (let k = 0; k < numClasses; k++) row[k] = stream.next() + 0.1;
    const total = row.reduce((s, v) => s + v, 0);
    for (let k = 0; k < numClasses; k++) row[k]! /= total;
  }
  return tensor(shares, { shape: [samples, numClasses] });
}

const classes = (list: Classes): { readonly condition: SandwichBatchNormCondition } => ({
  condition: { classes: list },
});

/** What sandwich batch norm promises, as data for `normSuite`. */
export const sandwichBatchNormCase: NormCase<SandwichBatchNormOptions, SandwichBatchNormCondition> =
  {
    norm: sandwichBatchNorm,
    options: (numFeatures) => [
      { numFeatures, numClasses: 4 },
      { numFeatures, numClasses: 1, momentum: null },
      { numFeatures, numClasses: 2, trackRunningStats: false, sharedGammaStd: 0.02, gammaStd: 0 },
      { numFeatures, numClasses: 3, eps: 1e-3, momentum: 0.7, unbiasedRunningVar: false },
    ],
    reference: sandwichBatchNormReference,
    modes: everyMode,
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
        name: "batch norm with the shared affine where all rows are 1 and 0",
        params: withoutRows,
        equals(call): NdArray {
          const { sharedGamma, sharedBeta } = call.params;
          return affine(call.x, standardize(call).standard, (_, c) => [
            sharedGamma!.data[c]!,
            sharedBeta!.data[c]!,
          ]);
        },
      },
      {
        name: "class-conditional batch norm where the shared affine is 1 and 0",
        params: (params) => ({
          ...params,
          sharedGamma: onesLike(params["sharedGamma"]!),
          sharedBeta: zerosLike(params["sharedBeta"]!),
        }),
        equals(call): NdArray {
          const share = (n: number, k: number): number => shareOf(call.condition, n, k);
          const { gammaEmbed, betaEmbed } = call.params;
          const [gamma, beta] = [mix(gammaEmbed!, share), mix(betaEmbed!, share)];
          return affine(call.x, standardize(call).standard, (n, c) => [gamma(n, c), beta(n, c)]);
        },
      },
      {
        name: "batch norm with weight γΓ and bias Γβ + B where there is one class",
        options: (options) => (options.numClasses === 1 ? options : undefined),
        equals(call): NdArray {
          const at = (name: string, c: number): number => call.params[name]!.data[c]!;
          return affine(call.x, standardize(call).standard, (_, c) => [
            at("sharedGamma", c) * at("gammaEmbed", c),
            at("gammaEmbed", c) * at("sharedBeta", c) + at("betaEmbed", c),
          ]);
        },
      },
    ],
    laws: [
      {
        name: "rows of absent classes get gradient 0, those of repeated ones the sum",
        modes: [training],
        holds({ options, x, params, state }) {
          const numClasses = x.shape[0]! + 2;
          const tables = ["gammaEmbed", "betaEmbed"] as const;
          const wide = sandwichBatchNorm({ ...options, numClasses });
          const initial = wide.init({ dtype: "float64" }).params;
          const loss = (p: typeof params, ids: readonly number[]): ReturnType<typeof sum> =>
            sum(square(wide.apply(x, { ...params, ...p }, state, classes(ids)).output));
          const each = Array.from({ length: x.shape[0]! }, (_, n) => n);
          // Equal rows: then the output is the same, whoever has them.
          const equal = Object.fromEntries(tables.map((name) => [name, onesLike(initial[name]!)]));
          const alone = grad(loss)(equal, each);
          const together = grad(loss)(
            equal,
            each.map(() => 1),
          );
          for (const name of tables) {
            const width = options.numFeatures;
            for (let c = 0; c < width; c++) {
              const column = each.map((n) => alone[name]!.data[n * width + c]!);
              const absent = together[name]!.data[(numClasses - 1) * width + c]!;
              if (absent !== 0) throw new Error(`expected gradient 0, got ${absent}`);
              const total = column.reduce((s, v) => s + v, 0);
              expectNear([together[name]!.data[width + c]!], [total]);
            }
          }
        },
      },
    ],
    rejects: [
      ...batchRejections<SandwichBatchNormOptions, SandwichBatchNormCondition>(
        "sandwichBatchNorm",
        { classes: [0, 1, 2, 3] },
      ),
      {
        name: "no condition",
        run: ({ bound, x, params, state }) => bound.apply(x, params, state),
        message:
          "sandwichBatchNorm classes: expected 4 ids, one per sample, or soft classes of shape [4, 4], got none. Pass them in the condition.",
      },
      {
        name: "a negative id",
        run: ({ bound, x, params, state }) => bound.apply(x, params, state, classes([0, -1, 2, 3])),
        message:
          "sandwichBatchNorm classes: expected whole numbers from 0 to 3, got -1 at position 1.",
      },
      {
        name: "an id that is too large",
        run: ({ bound, x, params, state }) => bound.apply(x, params, state, classes([0, 1, 2, 4])),
        message:
          "sandwichBatchNorm classes: expected whole numbers from 0 to 3, got 4 at position 3.",
      },
      {
        name: "an id that is not whole",
        run: ({ bound, x, params, state }) =>
          bound.apply(x, params, state, classes([0.5, 1, 2, 3])),
        message:
          "sandwichBatchNorm classes: expected whole numbers from 0 to 3, got 0.5 at position 0.",
      },
      {
        name: "ids of another number of samples",
        run: ({ bound, x, params, state }) => bound.apply(x, params, state, classes([0, 1, 2])),
        message:
          "sandwichBatchNorm classes: expected 4 ids, one per sample, or soft classes of shape [4, 4], got 3 ids. Pass them in the condition.",
      },
    ],
    golden: [
      {
        method: "sandwich-batch-norm",
        options: (config) => config as unknown as SandwichBatchNormOptions,
        condition: ({ inputs }) => ({ classes: [...inputs["classId"]!.data] }),
      },
    ],
  };

/** weight·standard + bias for a weight and a bias of each sample and channel. */
function affine(
  { shape }: NdArray,
  standard: Float64Array,
  of: (n: number, c: number) => readonly [weight: number, bias: number],
): NdArray {
  const [samples, channels] = shape as [number, number];
  const space = standard.length / (samples * channels);
  const data = standard.map((v, i) => {
    const c = Math.floor(i / space) % channels;
    const [weight, bias] = of(Math.floor(i / (space * channels)), c);
    return weight * v + bias;
  });
  return { shape, data };
}
