import { relu, type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import { Conv2d, conv2d, globalAvgPool2d, linear, SGD } from "@evenkeel/nn";
import type { GoldenProgram, MethodCase } from "@evenkeel/testkit";
import { lastBatchNorm } from "../last-batch-norm/last-batch-norm.ts";
import { weightMeanReference } from "./weight-mean.reference.ts";
import {
  type CenteringRule,
  centerWeights,
  ungroupedConvolutions,
  weightMean,
  weightMeanCard,
  wideConvolutions,
} from "./weight-mean.ts";

type Config = Readonly<Record<string, unknown>>;
type Numbers = Readonly<Record<string, number>>;

const rules: Readonly<Record<string, CenteringRule>> = {
  cifar: wideConvolutions,
  imagenet: ungroupedConvolutions,
};

function layerOf(weight: Tensor, config: Config): Conv2d {
  const { inChannels, groups, kernelSize } = config as Numbers;
  const conv = new Conv2d({
    inChannels: inChannels!,
    outChannels: weight.shape[0]!,
    kernelSize: kernelSize!,
    groups: groups!,
    bias: false,
    dtype: "float64",
  });
  conv.weight.replace(weight);
  return conv;
}

const projection: GoldenProgram = {
  method: "mimic-norm",
  takes: ({ component }) => component === "weight-mean",
  run({ config, inputs }) {
    const conv = layerOf(inputs["convWeight"]!, config);
    centerWeights(conv, rules[config["rule"] as string]!);
    return { output: conv.weight.value };
  },
};

const trajectory: GoldenProgram = {
  method: "mimic-norm",
  takes: ({ component }) => component === "sgd-trajectory",
  state: ({ params, buffersBefore }) =>
    Object.fromEntries(
      Object.entries({ ...params, ...buffersBefore }).map(([name, { shape, data }]) => [
        name,
        tensor(Float64Array.from(data), { shape }),
      ]),
    ),
  run({ config, inputs, state }) {
    const { lr, momentum, weightDecay } = config as {
      readonly [K in "lr" | "momentum" | "weightDecay"]: number;
    };
    const conv = layerOf(state["convWeight"]!, config);
    const optimizer = new SGD(conv, { lr, momentum, weightDecay });
    optimizer.loadStateDict({
      "weight.step": zeros([]),
      "weight.momentum_buffer": state["momentumBuffer"]!,
    });
    optimizer.step({ weight: inputs["grad"]! });
    centerWeights(conv, rules[config["rule"] as string]!);
    const momentumBuffer = optimizer.stateDict()["weight.momentum_buffer"]!;
    const convWeight = conv.weight.value;
    return { output: convWeight, state: { convWeight, momentumBuffer } };
  },
};

const network: GoldenProgram = {
  method: "mimic-norm",
  takes: ({ component }) => component === "mini-net",
  run({ config, inputs, params }) {
    const { padding, eps } = config as { readonly padding: number; readonly eps: number };
    const bias = params["convBias"];
    const maps = relu(conv2d(inputs["x"]!, params["convWeight"]!, { padding, bias }));
    const weight = params["linearWeight"]!;
    const logits = linear(globalAvgPool2d(maps), weight, params["linearBias"]);
    const last = lastBatchNorm({ numFeatures: weight.shape[0]!, eps });
    return { output: last.apply(logits, {}, last.init({ dtype: "float64" }).state).output };
  },
};

/** What the weight mean promises, as data for `methodSuite`. */
export const weightMeanCase: MethodCase = {
  card: weightMeanCard,
  call: ([weight]) => weightMean(weight!),
  draw(stream) {
    const shape = Array.from({ length: 2 + stream.integer(3) }, () => 1 + stream.integer(4));
    return { inputs: [stream.normal(shape, { mean: 1, dtype: "float64" })], params: undefined };
  },
  reference: weightMeanReference,
  specialValues: [
    {
      name: "a filter of equal weights, which becomes 0",
      inputs: [tensor([[3, 3, 3]], { dtype: "float64" })],
      params: undefined,
      output: [0, 0, 0],
      gradients: [[0, 0, 0]],
    },
  ],
  rejects: [
    {
      name: "a bias",
      call: () => weightMean(zeros([4])),
      message: "weightMean: expected a weight of shape [filters, …], got [4].",
    },
    {
      name: "a rule by name",
      call: () =>
        centerWeights(
          new Conv2d({ inChannels: 1, outChannels: 1, kernelSize: 1 }),
          "cifar" as unknown as CenteringRule,
        ),
      message: 'centerWeights rule: expected a function of a layer, got "cifar".',
    },
  ],
  golden: [projection, trajectory, network],
};
