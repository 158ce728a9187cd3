import { type DType, leaves, scope, type Tensor, type Tree, tensor, vjp } from "@evenkeel/autodiff";
import { crossEntropy, gradients, mse, SGD } from "@evenkeel/nn";
import {
  type BenchCase,
  gradientName,
  type LayerCase,
  type TrainCase,
  type Values,
} from "../case.ts";
import { makeNetwork } from "../networks/networks.ts";
import type { Outputs } from "../suite.ts";
import { type Inputs, ourLayer } from "./ours-layers.ts";

/** A case made ready on the current backend, whose memory is in the process. */
export interface OurStep {
  step(): void;
  outputs(): Outputs;
}

type Tensors = Readonly<Record<string, Tensor>>;

/** A case made ready on the current backend, wherever its memory is. */
export interface TensorStep {
  /** All that a step makes, the loss of a network among it. */
  step(): Readonly<Record<string, Tree>>;
  /** What is compared. */
  outputs(): Tensors;
}

export type Load = (values: Values, dtype: DType) => Tensor;

export const load: Load = ({ shape, data }, dtype) => tensor(data, { shape, dtype });

export function ourStep(benchCase: BenchCase, dtype: DType, make: Load = load): OurStep {
  const { step, outputs } = tensorStep(benchCase, dtype, make);
  return {
    step: () => scope(() => void (step()["loss"] as Tensor | undefined)?.item()),
    outputs: () =>
      scope(() => {
        const named = Object.entries(outputs());
        return Object.fromEntries(named.map(([name, t]) => [name, numbers(t)]));
      }),
  };
}

export function tensorStep(benchCase: BenchCase, dtype: DType, make: Load = load): TensorStep {
  return benchCase.type === "layer"
    ? layerStep(benchCase, dtype, make)
    : trainStep(benchCase, dtype);
}

function layerStep(benchCase: LayerCase, dtype: DType, make: Load): TensorStep {
  const { inputs, forward } = ourLayer(benchCase, dtype, make);
  const g = make(benchCase.g, dtype);
  const step = (): { value: Tensor; grads: Inputs } => {
    const { value, pullback } = vjp(forward, inputs);
    return { value, grads: pullback(g)[0] };
  };
  const outputs = (): Tensors => {
    const { value, grads } = step();
    const { params, ...others } = grads;
    return { output: value, ...named({ ...others, ...(params as Inputs) }) };
  };
  return { step, outputs };
}

/** The gradients by name; of a nesting, each by its place in it. */
function named(grads: Inputs): Tensors {
  return Object.fromEntries(
    Object.entries(grads).flatMap(([name, tree]) => {
      const parts = leaves(tree);
      const nameOf = (i: number): string => (parts.length === 1 ? name : `${name} ${i}`);
      return parts.map((t, i) => [gradientName(nameOf(i)), t]);
    }),
  );
}

function trainStep({ network, x, target, state, sgd }: TrainCase, dtype: DType): TensorStep {
  const model = makeNetwork(network, dtype);
  model.loadStateDict(
    Object.fromEntries(Object.entries(state).map(([name, v]) => [name, load(v, dtype)])),
  );
  const data = load(x, dtype);
  const right = target instanceof Int32Array ? target : load(target, dtype);
  const loss = (): Tensor => {
    const y = model.forward(data);
    return right instanceof Int32Array ? crossEntropy(y, right) : mse(y, right);
  };
  const optimizer = sgd && new SGD(model, sgd);
  return {
    step: () => {
      const { value, grads } = gradients(model, loss);
      if (optimizer === undefined) return { loss: value, grads };
      optimizer.step(grads);
      return { loss: value };
    },
    outputs: () => {
      const { value, grads } = gradients(model, loss);
      return { loss: value, ...named(grads) };
    },
  };
}

/** A copy: a scope gives the tensor's memory back. */
function numbers(t: Tensor): ArrayLike<number> {
  return t.data.slice();
}
