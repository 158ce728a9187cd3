import { ones, random, ShapeError, type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import { defineNorm, type Norm } from "@evenkeel/norm-core";
import { describe, expect, it } from "vitest";
import { type NormModule, norm, Sequential } from "./index.ts";

/** Tables of 3 classes and 2 channels with a shared row, and 2 sets of statistics. */
const tables: Norm<object> = defineNorm<object>({
  card: {
    ...{ id: "tables", name: "Tables", summary: "", tex: "", notes: [] },
    paper: { title: "", authors: "", year: 2015 },
    keys: {
      sharedGamma: "embed.weight[-1][0]",
      sharedBeta: "embed.weight[-1][1]",
      gamma: "embed.weight[0]",
      beta: "embed.weight[1]",
      mean: "bns.*.running_mean",
      count: "bns.*.num_batches_tracked",
    },
  },
  options: {},
  init: (_options, dtype, stream) => ({
    params: {
      sharedGamma: stream.normal([2], { dtype }),
      sharedBeta: stream.normal([2], { dtype }),
      gamma: stream.normal([3, 2], { dtype }),
      beta: stream.normal([3, 2], { dtype }),
    },
    state: { mean: stream.normal([2, 2], { dtype }), count: zeros([2], { dtype }) },
  }),
  apply: (x, _params, state) => ({ output: x, state }),
});

const model = (seed: number): Sequential => new Sequential(norm(tables, {}, { seed }));
const cells = (m: Sequential): Record<string, Tensor> => {
  const { params, state } = m.layers[0] as NormModule;
  return Object.fromEntries(Object.entries({ ...params, ...state }).map(([n, c]) => [n, c.value]));
};
const numbers = (m: Sequential): unknown =>
  Object.fromEntries(Object.entries(cells(m)).map(([name, t]) => [name, t.toArray()]));

describe("tensors that a checkpoint has otherwise", () => {
  it("are joined and split in the state dict", () => {
    const m = model(1);
    const { sharedGamma, sharedBeta, gamma, beta, mean } = cells(m);
    const row = (t: Tensor | undefined, i: number): number[] =>
      [...t!.data].slice(2 * i, 2 * i + 2);
    const dict = m.stateDict();
    expect(Object.keys(dict)).toEqual([
      "0.embed.weight",
      "0.bns.0.running_mean",
      "0.bns.1.running_mean",
      "0.bns.0.num_batches_tracked",
      "0.bns.1.num_batches_tracked",
    ]);
    expect(dict["0.embed.weight"]!.toArray()).toEqual([
      [...row(gamma, 0), ...row(beta, 0)],
      [...row(gamma, 1), ...row(beta, 1)],
      [...row(gamma, 2), ...row(beta, 2)],
      [...row(sharedGamma, 0), ...row(sharedBeta, 0)],
    ]);
    expect([...dict["0.bns.1.running_mean"]!.data]).toEqual(row(mean, 1));
    expect(dict["0.bns.1.num_batches_tracked"]!.shape).toEqual([]);
  });

  it("go round", () => {
    const [a, b] = [model(1), model(2)];
    expect(numbers(b)).not.toEqual(numbers(a));
    expect(b.loadStateDict(a.stateDict())).toEqual({ missing: [], unexpected: [] });
    expect(numbers(b)).toEqual(numbers(a));
  });

  it("stay apart for the optimizer", () => {
    expect([...model(1).namedParameters().keys()]).toHaveLength(4);
  });

  it("may be loaded in part; the rest stays", () => {
    const m = model(1);
    const before = cells(m);
    const rest = before["mean"]!.data.slice(0, 2);
    const part = { "0.bns.1.running_mean": tensor([7, 8]), "0.bns.1.mean": ones([2]) };
    expect(m.loadStateDict(part, { strict: false })).toEqual({
      missing: [
        "0.embed.weight",
        "0.bns.0.running_mean",
        "0.bns.0.num_batches_tracked",
        "0.bns.1.num_batches_tracked",
      ],
      unexpected: ["0.bns.1.mean"],
    });
    expect([...cells(m)["mean"]!.data]).toEqual([...rest, 7, 8]);
  });

  it("of other classes are refused, and nothing is loaded", () => {
    const m = model(1);
    const before = numbers(m);
    const dict = { ...m.stateDict(), "0.embed.weight": random(3).normal([3, 4]) };
    const load = (): unknown => m.loadStateDict(dict);
    expect(load).toThrow(ShapeError);
    expect(load).toThrow(
      "loadStateDict: expected 0.embed.weight of shape [4, 4], float32, got [3, 4], float32.",
    );
    expect(numbers(m)).toEqual(before);
  });
});
