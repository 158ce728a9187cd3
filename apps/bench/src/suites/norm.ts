import {
  add,
  EvenkeelError,
  type Random,
  random,
  scope,
  type Tensor,
  tensor,
} from "@evenkeel/autodiff";
import { cases } from "@evenkeel/lab/norms";
import { training } from "@evenkeel/norm-core";
import type { LayerCase, NormLayer, Values } from "../case.ts";
import type { Suite } from "../suite.ts";
import { normals } from "./draw.ts";

type InstalledNorm = (typeof cases)[string];

export const shapes: readonly (readonly number[])[] = [
  [16, 64, 32, 32],
  [2, 256, 14, 14],
  [128, 64, 8, 8],
  [512, 768],
];

/** The engines that run every norm; the others have batch norm, and layer norm of rows. */
const everyNorm = ["evenkeel", "torch"];

/**
 * One step as in training, of every norm installed, with the first options of its case and batch
 * statistics. All norms at a shape race each other.
 */
export function normSuite(
  installed: Readonly<Record<string, InstalledNorm>> = cases,
  at: readonly (readonly number[])[] = shapes,
): Suite<LayerCase> {
  return {
    name: "norm",
    threads: [1],
    races: at.map((shape) => {
      const stream = random(1);
      const x = normals(stream, shape, { mean: 0.5, std: 2 });
      const g = normals(stream, shape);
      return Object.entries(installed).flatMap(([id, norm]) => {
        const own = normCase(id, norm, x, g);
        if (own === undefined) return [];
        return id === "batchNorm" ? [own, withRelu(own)] : [own];
      });
    }),
  };
}

function normCase(id: string, norm: InstalledNorm, x: Values, g: Values): LayerCase | undefined {
  const { shape } = x;
  const [options] = norm.options(shape[1]!, shape);
  if (options === undefined || !accepts(norm, shape, options)) return undefined;
  const stream = random(2);
  const initial = norm.norm(options).init({ dtype: "float64" }).params;
  const params =
    norm.params?.(stream, initial, options) ??
    mapValues(initial, (t) => add(t, stream.normal(t.shape, { std: 0.2, dtype: "float64" })));
  const layer: NormLayer = {
    kind: "norm",
    id,
    options: { ...norm.norm(options).options },
    ...conditionOf(norm, x, options, stream),
  };
  return {
    type: "layer",
    name: `${id} ${shape.join("x")}`,
    layer,
    inputs: { x, ...mapValues(params, valuesOf) },
    g,
    ...(isShared(id, shape) ? {} : { engines: everyNorm }),
  };
}

/** Gradients jump where an output is nearly 0, on either side of it: only outputs are compared. */
function withRelu(own: LayerCase): LayerCase {
  const layer = { ...(own.layer as NormLayer), activation: "relu" as const };
  const name = own.name.replace(layer.id, `${layer.id}+relu`);
  return { ...own, name, layer, compared: ["output"], engines: everyNorm };
}

function isShared(id: string, shape: readonly number[]): boolean {
  return id === "batchNorm" || (id === "layerNorm" && shape.length === 2);
}

function accepts(norm: InstalledNorm, shape: readonly number[], options: object): boolean {
  if (norm.shapes?.ranks?.includes(shape.length) === false) return false;
  return norm.accepts?.(shape, options, training) ?? true;
}

/** A condition is taken only where the norm will not do without: masks have a cost of their own. */
function conditionOf(
  norm: InstalledNorm,
  { shape, data }: Values,
  options: object,
  stream: Random,
): Pick<NormLayer, "condition" | "conditionGradients"> {
  const condition = norm.condition?.(stream, shape, options);
  if (condition === undefined || doesWithout(norm, tensor(data, { shape }), options)) {
    return { conditionGradients: false };
  }
  return { condition, conditionGradients: norm.conditionGradients ?? false };
}

function doesWithout(norm: InstalledNorm, x: Tensor, options: object): boolean {
  const bound = norm.norm(options);
  const { params, state } = bound.init();
  try {
    scope(() => bound.apply(x, params, state, { mode: training }));
    return true;
  } catch (error) {
    if (error instanceof EvenkeelError) return false;
    throw error;
  }
}

function valuesOf(t: Tensor): Values {
  return { shape: t.shape, data: Float32Array.from(t.data) };
}

function mapValues<A, B>(
  record: Readonly<Record<string, A>>,
  f: (value: A) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}
