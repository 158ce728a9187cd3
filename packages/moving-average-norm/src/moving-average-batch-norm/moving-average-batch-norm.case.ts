import {
  grad,
  mul,
  type Random,
  random,
  slice,
  sum,
  type Tensor,
  tensor,
  valueAndGrad,
  zeros,
} from "@evenkeel/autodiff";
import { conv2d } from "@evenkeel/nn";
import { evaluation, type Tensors, training } from "@evenkeel/norm-core";
import type { GoldenAdapter, NdArray, NormCase, NormSample } from "@evenkeel/testkit";
import { centerWeight } from "./centered-conv2d.ts";
import {
  movingAverageBatchNormReference,
  movingAverageGradients,
} from "./moving-average-batch-norm.reference.ts";
import {
  type MovingAverageBatchNormOptions,
  movingAverageBatchNorm,
} from "./moving-average-batch-norm.ts";

type Options = MovingAverageBatchNormOptions;

/** What moving average batch norm promises, as data for `normSuite`. */
export const movingAverageBatchNormCase: NormCase<Options> = {
  norm: movingAverageBatchNorm,
  options: (numFeatures) => [
    { numFeatures },
    { numFeatures, bufferSize: 3, warmupIters: 2, rStart: 4, rClip: 1.5 },
    { numFeatures, bufferSize: 2, warmupIters: 0, affine: false, eps: 1e-3, momentum: 0.5 },
    { numFeatures, bufferSize: 1, warmupIters: 1, rStart: 0 },
  ],
  reference: movingAverageBatchNormReference,
  modes: [
    training,
    evaluation,
    { statistics: "batch", update: false },
    { statistics: "running", update: true },
  ],
  foreignStatistics: () => true,
  state: drawState,
  gradientOrder: 0,
  exceptions: {
    gradients:
      "the method defines its backward, which is no derivative of the forward once batches are averaged; laws compare it with its formula",
  },
  laws: [
    {
      name: "gradients and the row of bufferGz are those that the method defines",
      modes: [training, { statistics: "batch", update: false }],
      holds: equalsDefinedBackward,
    },
    {
      name: "the state that came in is not written by the backward",
      modes: [training],
      holds(sample) {
        const before = sample.state["bufferGz"]!.data.slice();
        runBackward(sample, random(sample.seed).normal(sample.x.shape, { dtype: "float64" }));
        expectNear("bufferGz", sample.state["bufferGz"]!.data, before);
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, params, state }) => bound.apply(zeros([4, 5, 3]), params, state),
      message:
        "movingAverageBatchNorm: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    {
      name: "a clip below 1",
      run: () => movingAverageBatchNorm({ numFeatures: 3, rClip: 0.5 }),
      message: "movingAverageBatchNorm rClip: expected a number >= 1, got 0.5.",
    },
    {
      name: "a second derivative",
      run({ bound, x, params, state }) {
        const loss = (t: Tensor): Tensor => sum(bound.apply(t, params, state).output);
        grad((t: Tensor) => sum(grad(loss)(t)))(x);
      },
      message:
        "movingAverageBatchNorm: expected a first derivative, got a derivative of a derivative. The method defines its backward, and nothing beyond. Use evaluation mode or another norm.",
    },
    {
      name: "the backward of a forward that another has gone on from",
      run({ bound, x, params, state }) {
        const loss = (t: Tensor): Tensor => {
          const first = bound.apply(t, params, state);
          return sum(bound.apply(first.output, params, first.state).output);
        };
        grad(loss)(x);
      },
      message:
        "movingAverageBatchNorm: expected the backward of the last training forward, got that of an older one. Take the gradient of each forward before the next, or let forwards without one not update.",
    },
    {
      name: "NaN in the gradient of the output",
      run({ bound, x, params, state }) {
        grad((t: Tensor) => sum(mul(bound.apply(t, params, state).output, Number.NaN)))(x);
      },
      message:
        "movingAverageBatchNorm: expected a finite mean of g·z, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
    {
      name: "NaN in the input of a training step",
      run({ bound, x, params, state }) {
        const broken = x.data.slice();
        broken[0] = Number.NaN;
        bound.apply(tensor(broken, { shape: x.shape }), params, state);
      },
      message:
        "movingAverageBatchNorm: expected a finite running variance, got NaN in channel 0. Look for NaN, Infinity or huge numbers in the input; the state was left as it was.",
    },
  ],
  golden: [goldenMovingAverage()],
};

/** Any iteration, before and behind warm-up and clipping. */
function drawState(stream: Random, initial: Tensors, _options: Options): Tensors {
  const draw = (name: string): Tensor => stream.normal(initial[name]!.shape, { dtype: "float64" });
  const positive = (name: string): Tensor => tensor(draw(name).data.map(Math.abs), initial[name]!);
  return {
    runningVar: positive("runningVar"),
    iters: tensor(Float64Array.of(stream.integer(8)), { shape: [1] }),
    bufferX2: positive("bufferX2"),
    bufferGz: draw("bufferGz"),
  };
}

type Sample = NormSample<Options>;

function runBackward({ bound, x, params, state, mode }: Sample, dy: Tensor) {
  const loss = (t: Tensor, p: Tensors): readonly [Tensor, Tensors] => {
    const applied = bound.apply(t, p, state, { mode });
    return [sum(mul(applied.output, dy)), applied.state];
  };
  const { grads, aux } = valueAndGrad(loss, { argnums: [0, 1], hasAux: true })(x, params);
  return { x: grads[0], params: grads[1], state: aux };
}

function equalsDefinedBackward(sample: Sample): void {
  const { x, params, state, mode, options, seed } = sample;
  const dy = random(seed).normal(x.shape, { dtype: "float64" });
  const plain = (tensors: Tensors): Record<string, NdArray> =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, { shape, data }]) => [
        name,
        { shape, data: Float64Array.from(data) },
      ]),
    );
  const call = { x: plain({ x })["x"]!, params: plain(params), state: plain(state), mode, options };
  const expected = movingAverageGradients({ ...call, condition: undefined }, dy.data);
  const got = runBackward(sample, dy);
  expectNear("x", got.x.data, expected.x);
  for (const name of ["weight", "bias"] as const) {
    if (params[name]) expectNear(name, got.params[name]!.data, expected[name]);
  }
  if (!mode.update) return;
  const { bufferSize = 16 } = options;
  const row = got.state["iters"]!.item() % bufferSize;
  expectNear("row", slice(got.state["bufferGz"]!, [row], [row + 1]).data, expected.row);
}

function expectNear(where: string, got: ArrayLike<number>, expected: ArrayLike<number>): void {
  Array.from(expected).forEach((v, i) => {
    if (!(Math.abs(got[i]! - v) <= 1e-10 * (1 + Math.abs(v))))
      throw new Error(`${where}: expected ${v}, got ${got[i]}`);
  });
}

/** The published code keeps the weight of the old statistics; one case is its convolution alone. */
function goldenMovingAverage(): GoldenAdapter<Options> {
  return {
    method: "moving-average-bn",
    options({ component, ...config }, shape) {
      const numFeatures = shape[1]!;
      if (component === "cen-conv") return { numFeatures, affine: false };
      const { momentum, ...same } = config as unknown as Required<Options>;
      return { ...same, numFeatures, momentum: 1 - momentum };
    },
    names: { running_var: "runningVar" },
    around: ["convWeight"],
    apply({ bound, x, params, state, mode, config }) {
      if (config["component"] !== "cen-conv") return bound.apply(x, params, state, { mode });
      const slide = { stride: Number(config["stride"]), padding: Number(config["padding"]) };
      return { output: conv2d(x, centerWeight(params["convWeight"]!), slide), state };
    },
  };
}
