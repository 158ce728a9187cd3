import { random, softmax, type Tensor, tensor } from "@evenkeel/autodiff";
import { drawTensor, type NdArray, ndarray, type OpCase, seeds } from "@evenkeel/testkit";
import fc from "fast-check";
import { crossEntropy, type Reduction } from "../losses.ts";

interface Params {
  readonly labelSmoothing: number;
  readonly reduction: Reduction;
  /** A number per sample, from which its class follows. */
  readonly draws: readonly number[];
}

const problems = fc.record({
  size: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 11 })),
  labelSmoothing: fc.constantFrom(0, 0.1),
  reduction: fc.constantFrom<Reduction>("mean", "sum", "none"),
  draws: fc.array(fc.nat({ max: 999 }), { minLength: 5, maxLength: 5 }),
  seed: seeds(),
});

function idsOf(shape: readonly number[], { draws }: Params): number[] {
  return draws.slice(0, shape[0]).map((n) => n % shape[1]!);
}

/** −Σ t·log(eᶻ / Σ eᶻ) per sample. */
function losses(z: NdArray, target: (row: number, k: number) => number, p: Params): NdArray {
  const [rows, classes] = z.shape as [number, number];
  const all = Array.from({ length: rows }, (_, row) => {
    const own = Array.from(z.data.subarray(row * classes, (row + 1) * classes));
    const total = own.reduce((sum, v) => sum + Math.exp(v), 0);
    return own.reduce((loss, v, k) => {
      const t = (1 - p.labelSmoothing) * target(row, k) + p.labelSmoothing / classes;
      return loss - t * Math.log(Math.exp(v) / total);
    }, 0);
  });
  if (p.reduction === "none") return ndarray([rows], all);
  const sum = all.reduce((a, b) => a + b, 0);
  return ndarray([], [p.reduction === "sum" ? sum : sum / rows]);
}

const f64 = (data: number[]): Tensor => tensor([data], { dtype: "float64" });
const plain: Params = { labelSmoothing: 0, reduction: "sum", draws: [0] };

/** Targets that are class ids. */
export const crossEntropyOfIdsCase: OpCase<Params> = {
  name: "crossEntropy of ids",
  call: ([z], p) => {
    const { labelSmoothing, reduction } = p;
    return crossEntropy(z!, idsOf(z!.shape, p), { labelSmoothing, reduction });
  },
  samples: problems.map(({ size, seed, ...params }) => ({
    inputs: [drawTensor(random(seed), size)],
    params,
  })),
  reference: ([z], p) => {
    const ids = idsOf(z!.shape, p);
    return losses(z!, (row, k) => Number(ids[row] === k), p);
  },
  specialValues: [
    {
      name: "huge logits",
      inputs: [f64([-1e4, 1e4, 0])],
      params: plain,
      output: [2e4],
      gradients: [[-1, 1, 0]],
    },
    {
      name: "a class ruled out by −Infinity",
      inputs: [f64([0, Number.NEGATIVE_INFINITY, 0])],
      params: plain,
      output: [Math.log(2)],
      gradients: [[-0.5, 0, 0.5]],
    },
    { name: "NaN", inputs: [f64([0, Number.NaN, 1])], params: plain, output: [Number.NaN] },
    {
      name: "its own class ruled out",
      inputs: [f64([Number.NEGATIVE_INFINITY, 0])],
      params: plain,
      output: [Number.POSITIVE_INFINITY],
      gradients: [[-1, 1]],
    },
  ],
};

/** Targets that are probabilities, differentiated, too. */
export const crossEntropyOfProbabilitiesCase: OpCase<Params> = {
  name: "crossEntropy of probabilities",
  call: ([z, t], { labelSmoothing, reduction }) =>
    crossEntropy(z!, t!, { labelSmoothing, reduction }),
  samples: problems.map(({ size, seed, ...params }) => {
    const stream = random(seed);
    const target = softmax(drawTensor(stream, size));
    return { inputs: [drawTensor(stream, size), target], params };
  }),
  reference: ([z, t], p) => losses(z!, (row, k) => t!.data[row * z!.shape[1]! + k]!, p),
};
