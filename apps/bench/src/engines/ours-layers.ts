import { add, cast, type DType, matmul, Tensor, type Tree } from "@evenkeel/autodiff";
import { cases } from "@evenkeel/lab/norms";
import { avgPool2d, conv2d, maxPool2d } from "@evenkeel/nn";
import { training } from "@evenkeel/norm-core";
import type { LayerCase, NormLayer, Values } from "../case.ts";

export type Inputs = Readonly<Record<string, Tree>>;

/** A layer of ours: a function of everything that it is differentiated by. */
export interface OurLayer {
  readonly inputs: Inputs;
  forward(inputs: Inputs): Tensor;
}

/** @param load - Makes the tensors of a dtype; arrays that cases share may become one tensor. */
export function ourLayer(
  { layer, inputs }: LayerCase,
  dtype: DType,
  load: (values: Values, dtype: DType) => Tensor,
): OurLayer {
  const loaded = Object.fromEntries(
    Object.entries(inputs).map(([name, values]) => [name, load(values, dtype)]),
  );
  switch (layer.kind) {
    case "norm":
      return ourNorm(layer, loaded, dtype);
    case "matmul":
      return binary(loaded, matmul);
    case "add":
      return binary(loaded, add);
    case "conv2d": {
      const { stride, padding } = layer;
      return of(loaded, ({ x, weight }) => conv2d(x!, weight!, { stride, padding }));
    }
    case "maxPool2d":
      return of(loaded, ({ x }) => maxPool2d(x!, { kernelSize: layer.kernelSize }));
    case "avgPool2d":
      return of(loaded, ({ x }) => avgPool2d(x!, { kernelSize: layer.kernelSize }));
  }
}

type Loaded = Readonly<Record<string, Tensor>>;

function of(inputs: Loaded, f: (inputs: Loaded) => Tensor): OurLayer {
  return { inputs, forward: (given) => f(given as Loaded) };
}

function binary(inputs: Loaded, op: (a: Tensor, b: Tensor) => Tensor): OurLayer {
  return of(inputs, ({ a, b }) => op(a!, b!));
}

function ourNorm(layer: NormLayer, { x, ...params }: Loaded, dtype: DType): OurLayer {
  const bound = cases[layer.id]!.norm(layer.options);
  const { state } = bound.init({ dtype });
  const condition = castTensors(layer.condition, dtype);
  const differentiated = layer.conditionGradients ? { condition: condition as Tree } : {};
  return {
    inputs: { x: x!, params, ...differentiated },
    forward: (given) => {
      const { activation } = layer;
      const context = { mode: training, condition: given["condition"] ?? condition, activation };
      return bound.apply(given["x"] as Tensor, given["params"] as Loaded, state, context).output;
    },
  };
}

/** The same nesting with every tensor in a dtype; everything else as it is. */
function castTensors(value: unknown, dtype: DType): unknown {
  if (value instanceof Tensor) return cast(value, dtype);
  if (Array.isArray(value)) return value.map((item) => castTensors(item, dtype));
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, castTensors(item, dtype)]),
  );
}
