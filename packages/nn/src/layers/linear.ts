import {
  add,
  fail,
  gather,
  type Indices,
  matmul,
  reshape,
  ShapeError,
  showShape,
  type Tensor,
  transpose,
} from "@evenkeel/autodiff";
import { checkOptions, count, flag, type OptionRules } from "@evenkeel/norm-core";
import { Parameter } from "../cell.ts";
import { uniform } from "../init.ts";
import { Module } from "../module.ts";
import { type DrawOptions, drawRules, streamOf } from "../rules.ts";

/**
 * y = x · weightᵀ + bias over the last axis.
 *
 * @param x - [..., in].
 * @param weight - [out, in].
 * @param bias - [out].
 * @throws ShapeError if the last axis of x is not that of weight.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const [out, n] = weight.shape;
  if (weight.rank !== 2 || x.rank === 0 || x.shape.at(-1) !== n) {
    fail(
      {
        where: "linear",
        expected: `x of shape [..., ${n}]`,
        got: `${showShape(x.shape)} for a weight of shape ${showShape(weight.shape)}`,
      },
      ShapeError,
    );
  }
  // One product of two matrices whatever the rank: batched ones would multiply the weight's gradient.
  const lead = x.shape.slice(0, -1);
  const rows = x.rank === 2 ? x : reshape(x, [lead.reduce((a, b) => a * b, 1), n!]);
  const y = matmul(rows, transpose(weight));
  const z = bias ? add(y, bias) : y;
  return x.rank === 2 ? z : reshape(z, [...lead, out!]);
}

export interface LinearOptions extends DrawOptions {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Default true. */
  readonly bias?: boolean;
}
const linearRules: OptionRules<LinearOptions> = {
  inFeatures: count(),
  outFeatures: count(),
  bias: flag(true),
  ...drawRules,
};

/**
 * A fully connected layer: y = x · weightᵀ + bias over the last axis. At first both are uniform in
 * ±1/√inFeatures, as in PyTorch.
 *
 * @throws OptionError for unknown or illegal options.
 *
 * @example
 * new Linear({ inFeatures: 4, outFeatures: 2, seed: 1 }).forward(ones([8, 4])).shape; // [8, 2]
 */
export class Linear extends Module {
  /** [outFeatures, inFeatures]. */
  readonly weight: Parameter;
  /** [outFeatures]. */
  readonly bias: Parameter | undefined;

  constructor(options: LinearOptions) {
    super();
    const o = checkOptions("Linear", options, linearRules);
    const draw = { random: streamOf(o), dtype: o.dtype };
    // kaimingUniform with slope √5 is this bound.
    const bound = 1 / Math.sqrt(o.inFeatures);
    this.weight = new Parameter(uniform([o.outFeatures, o.inFeatures], bound, draw));
    this.bias = o.bias ? new Parameter(uniform([o.outFeatures], bound, draw)) : undefined;
  }

  override forward(x: Tensor): Tensor {
    return linear(x, this.weight.value, this.bias?.value);
  }
}

export interface EmbeddingOptions extends DrawOptions {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
}
const embeddingRules: OptionRules<EmbeddingOptions> = {
  numEmbeddings: count(),
  embeddingDim: count(),
  ...drawRules,
};

/**
 * A table of vectors looked up by id. At first they are standard normal, as in PyTorch.
 *
 * @throws OptionError for unknown or illegal options; ValueError in forward for an id outside the table.
 *
 * @example
 * new Embedding({ numEmbeddings: 10, embeddingDim: 3 }).forward([4, 7]).shape; // [2, 3]
 */
export class Embedding extends Module {
  /** [numEmbeddings, embeddingDim]. */
  readonly weight: Parameter;

  constructor(options: EmbeddingOptions) {
    super();
    const o = checkOptions("Embedding", options, embeddingRules);
    const shape = [o.numEmbeddings, o.embeddingDim];
    this.weight = new Parameter(streamOf(o).normal(shape, { dtype: o.dtype }));
  }

  /** @param ids - Whole numbers; a tensor of them may have any shape. The result is [...ids, dim]. */
  override forward(ids: Indices): Tensor {
    return gather(this.weight.value, ids);
  }
}
