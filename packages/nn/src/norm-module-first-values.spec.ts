import { add, mul, ones, random, sum, type Tensor } from "@evenkeel/autodiff";
import { defineNorm, type Norm } from "@evenkeel/norm-core";
import { describe, expect, it } from "vitest";
import { type DrawOptions, freeze, gradients, manualSeed, norm, unfreeze } from "./index.ts";

/** A drawn scale on top of a base that is not trained. */
const drawnScale: Norm<object> = defineNorm<object>({
  card: {
    ...{ id: "drawnScale", name: "Drawn scale", summary: "", tex: "", notes: [] },
    paper: { title: "", authors: "", year: 2015 },
    keys: {},
    frozen: ["base"],
  },
  options: {},
  init: (_options, dtype, stream) => ({
    params: { scale: stream.normal([4], { dtype }), base: ones([4], { dtype }) },
    state: {},
  }),
  apply: (x, { scale, base }, state) => ({ output: mul(x, add(base!, scale!)), state }),
});

describe("first values of a norm", () => {
  it("draws first values from the stream, the seed, or the one that layers share", () => {
    const first = (draw: DrawOptions = {}): Tensor =>
      norm(drawnScale, {}, draw).params["scale"]!.value;
    expect(first({ seed: 3 }).data).toEqual(random(3).normal([4]).data);
    expect(first({ random: random(4) }).data).toEqual(random(4).normal([4]).data);
    manualSeed(5);
    const [a, b] = [first(), first()];
    expect(a.data).toEqual(random(5).normal([4]).data);
    expect(b.data).not.toEqual(a.data);
  });

  it("does not train what the card says is frozen, after unfreeze neither", () => {
    const m = norm(drawnScale, {});
    const trainable = (): boolean[] => Object.values(m.params).map((p) => p.trainable);
    expect(trainable()).toEqual([true, false]);
    freeze(m);
    expect(trainable()).toEqual([false, false]);
    unfreeze(m);
    expect(trainable()).toEqual([true, false]);
    m.params["base"]!.trainable = true;
    expect(Object.keys(gradients(m, () => sum(m.forward(ones([2, 4])))).grads)).toEqual([
      "scale",
      "base",
    ]);
  });
});
