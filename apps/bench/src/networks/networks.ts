import { type DType, random } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import {
  Conv2d,
  Flatten,
  Linear,
  MaxPool2d,
  type Module,
  norm,
  ReLU,
  Sequential,
  Tanh,
} from "@evenkeel/nn";
import { gradientName, type NetworkName, type TrainCase, type Values } from "../case.ts";
import { normals } from "../suites/draw.ts";
import { type Draw, ResNet20 } from "./resnet20.ts";

const makers: Readonly<Record<NetworkName, (draw: Draw) => Module>> = {
  resnet20: (draw) => new ResNet20(draw),
  lab: labNetwork,
  "2-16-1": (draw) =>
    new Sequential(
      new Linear({ inFeatures: 2, outFeatures: 16, ...draw }),
      new Tanh(),
      new Linear({ inFeatures: 16, outFeatures: 1, ...draw }),
    ),
};

/** Always with the same parameters. */
export function makeNetwork(name: NetworkName, dtype: DType): Module {
  return makers[name]({ random: random(1), dtype });
}

/** The network in which the lab compares norms, in a dtype of choice. */
function labNetwork(draw: Draw): Module {
  const { dtype } = draw;
  const block = (inChannels: number, outChannels: number): Module[] => [
    new Conv2d({ inChannels, outChannels, kernelSize: 3, padding: 1, ...draw }),
    norm(batchNorm, { numFeatures: outChannels }, { dtype }),
    new ReLU(),
  ];
  const pool = new MaxPool2d({ kernelSize: 2 });
  return new Sequential(
    ...[...block(3, 16), pool, ...block(16, 32), pool, ...block(32, 32)],
    new Flatten(),
    new Linear({ inFeatures: 32 * 4 * 4, outFeatures: 10, ...draw }),
  );
}

/**
 * The gradient jumps where a ReLU's input is 0. Of engines whose rounding differs, some see an input
 * next to it on the other side; their gradients then differ by percents and none is wrong. One or two
 * images can be drawn so that float64 has no input there: they are the first that do, by seed. A batch
 * of 32 has six million inputs, always some of them next to 0. There only what is continuous is
 * compared, the loss and the last layer's gradients, and all gradients on two images.
 */
export function resnetCase(batch: number): TrainCase {
  const seed = resnetSeeds[batch];
  const one = imageCase("resnet20", `ResNet-20, batch ${batch}`, [batch, 3, 32, 32], seed);
  if (seed !== undefined) return one;
  const compared = ["loss", gradientName("linear.weight"), gradientName("linear.bias")];
  return { ...one, compared, proof: resnetCase(2), slow: ["jax-js", "tfjs-cpu"] };
}

/** By batch. In float64 all ReLU inputs are further from 0 than 1e-5; float32 moves them by half of that. */
const resnetSeeds: Readonly<Record<number, number>> = { 1: 3, 2: 5 };

export function labCase(batch: number): TrainCase {
  return imageCase("lab", `the lab's network, batch ${batch}`, [batch, 3, 16, 16]);
}

/** @param update - Whether a step goes on from the gradients to new parameters. */
export function tinyCase(batch: number, update: boolean): TrainCase {
  const stream = random(2);
  return {
    type: "train",
    name: `2-16-1 network, batch ${batch}, ${update ? "step of SGD" : "loss and gradients"}`,
    network: "2-16-1",
    x: normals(stream, [batch, 2]),
    target: normals(stream, [batch, 1]),
    state: stateOf("2-16-1"),
    repeat: 2000,
    ...(update && { sgd }),
  };
}

// So small that hundreds of steps on one batch do not lead anywhere.
const sgd = { lr: 1e-3, momentum: 0.9 };

function imageCase(
  network: NetworkName,
  name: string,
  shape: readonly number[],
  seed = 2,
): TrainCase {
  const stream = random(seed);
  const x = normals(stream, shape);
  const target = Int32Array.from({ length: shape[0]! }, () => stream.integer(10));
  return { type: "train", name, network, x, target, state: stateOf(network), sgd };
}

function stateOf(network: NetworkName): Record<string, Values> {
  const state = Object.entries(makeNetwork(network, "float32").stateDict());
  return Object.fromEntries(
    state.map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );
}
