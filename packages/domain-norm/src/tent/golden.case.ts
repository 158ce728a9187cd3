import { add, mean, relu, stopGradient, sub, type Tensor, tensor } from "@evenkeel/autodiff";
import {
  Adam,
  Conv2d,
  conv2d,
  Flatten,
  GlobalAvgPool2d,
  Linear,
  linear,
  type Module,
  norm,
  type Optimizer,
  ReLU,
  Sequential,
  SGD,
} from "@evenkeel/nn";
import { evaluation, type Tensors } from "@evenkeel/norm-core";
import type { GoldenProgram, GoldenTensor, ProgramCall } from "@evenkeel/testkit";
import { predictionTimeBatchNorm } from "../prediction-time-batch-norm/prediction-time-batch-norm.ts";
import { softmaxEntropy, type Tent, tent } from "./tent.ts";

/** The network and the optimizer of the file's cases. */
interface Config {
  readonly inChannels: number;
  readonly channels: number;
  readonly classes: number;
  readonly eps: number;
  readonly optimizer: "SGD" | "Adam";
  readonly lr: number;
  readonly momentum: number;
  readonly betas: readonly [number, number];
  readonly stepsPerBatch: number;
  readonly episodic: boolean;
}

const names = ["bn.weight", "bn.bias"] as const;

/**
 * Every step anew from the case's parameters through all batches before it, because an optimizer remembers;
 * then the entropy as a function of the parameters that are watched.
 */
export const tentProgram: GoldenProgram = {
  method: "tent",
  understands: ["paramsAfter"],
  takes: () => true,
  run(call) {
    const { goldenCase, step, inputs, params } = call;
    const config = call.config as unknown as Config;
    const { model, adapting } = networkOf(config, goldenCase.params);
    for (const earlier of goldenCase.steps.slice(0, goldenCase.steps.indexOf(step))) {
      adapting.adapt(fromGolden(earlier.inputs["x"]!));
    }
    const before = config.episodic ? params : normParams(model);
    const output = adapting.adapt(inputs["x"]!);
    const loss = entropyAt(call, config, before);
    const others = { entropyBeforeUpdate: stopGradient(loss) };
    return { output, loss, others, paramsAfter: normParams(model) };
  },
};

function networkOf(
  { inChannels, channels, classes, eps, episodic, stepsPerBatch, ...config }: Config,
  params: Readonly<Record<string, GoldenTensor>>,
): { readonly model: Sequential; readonly adapting: Tent } {
  const dtype = "float64";
  const model = new Sequential(
    new Conv2d({ inChannels, outChannels: channels, kernelSize: 1, bias: false, dtype }),
    norm(
      predictionTimeBatchNorm,
      { numFeatures: channels, eps, trackRunningStats: false },
      { dtype },
    ),
    new ReLU(),
    new GlobalAvgPool2d(),
    new Flatten(),
    new Linear({ inFeatures: channels, outFeatures: classes, dtype }),
  );
  const places = { conv: 0, bn: 1, fc: 5 };
  const dict = Object.entries(params).map(([name, t]) => {
    const [layer, member] = name.split(".") as [keyof typeof places, string];
    return [`${places[layer]}.${member}`, fromGolden(t)];
  });
  model.loadStateDict(Object.fromEntries(dict));
  const optimizer = (m: Module): Optimizer => {
    const { lr, momentum, betas } = config;
    return config.optimizer === "SGD" ? new SGD(m, { lr, momentum }) : new Adam(m, { lr, betas });
  };
  return { model, adapting: tent(model, { optimizer, episodic, steps: stepsPerBatch }) };
}

function normParams(model: Sequential): Tensors {
  const dict = model.stateDict();
  return Object.fromEntries(names.map((name) => [name, dict[name.replace("bn", "1")]!]));
}

/** The mean entropy where the norm's parameters are `at`, as a function of the watched ones. */
function entropyAt(
  { inputs, params }: ProgramCall,
  { channels, eps }: Config,
  at: Tensors,
): Tensor {
  const [weight, bias] = names.map((name) => {
    const watched = params[name]!;
    return add(watched, sub(stopGradient(at[name]!), stopGradient(watched)));
  }) as [Tensor, Tensor];
  const bound = predictionTimeBatchNorm({ numFeatures: channels, eps, trackRunningStats: false });
  const h = conv2d(inputs["x"]!, params["conv.weight"]!);
  const { output } = bound.apply(h, { weight, bias }, {}, { mode: evaluation });
  const pooled = mean(relu(output), { axes: [2, 3] });
  return mean(softmaxEntropy(linear(pooled, params["fc.weight"]!, params["fc.bias"])));
}

function fromGolden({ shape, data }: GoldenTensor): Tensor {
  return tensor(Float64Array.from(data), { shape });
}
