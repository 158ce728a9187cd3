import { mean, random, scope, type Tensor } from "@evenkeel/autodiff";
import {
  Conv2d,
  Flatten,
  Linear,
  type NormModule,
  norm,
  ReLU,
  Sequential,
  SGD,
} from "@evenkeel/nn";
import { methodSuite } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/tent.json" with { type: "json" };
import { adaBatchNorm } from "../ada-batch-norm/ada-batch-norm.ts";
import { tentCase } from "./tent.case.ts";
import { softmaxEntropy, type TentOptions, tent } from "./tent.ts";

const network = (): Sequential =>
  new Sequential(
    new Conv2d({ inChannels: 2, outChannels: 4, kernelSize: 3, padding: 1, seed: 1 }),
    norm(adaBatchNorm, { numFeatures: 4 }),
    new ReLU(),
    new Flatten(),
    new Linear({ inFeatures: 64, outFeatures: 5, seed: 2 }),
  );
const x = random(3).normal([8, 2, 4, 4], { mean: 1 });
const byMomentum: TentOptions = { optimizer: (m) => new SGD(m, { lr: 0.5, momentum: 0.9 }) };
const entropy = (logits: Tensor): number => mean(softmaxEntropy(logits)).item();
const numbers = (model: Sequential): Record<string, number[]> =>
  Object.fromEntries(Object.entries(model.stateDict()).map(([name, t]) => [name, [...t.data]]));

describe("tent", () => {
  for (const { name, run } of methodSuite(tentCase, { golden: [golden] })) test(name, run);

  test("makes predictions surer, by the affine alone", () => {
    const model = network();
    const before = numbers(model);
    const adapting = tent(model, byMomentum);
    const entropies = Array.from({ length: 5 }, () => entropy(adapting.adapt(x)));
    expect(entropies.at(-1)).toBeLessThan(entropies[0]!);
    const after = numbers(model);
    const changed = Object.keys(before).filter((name) => `${after[name]}` !== `${before[name]}`);
    expect(changed).toEqual(["1.weight", "1.bias"]);
  });

  test("gives the logits from before the last step of a batch", () => {
    const first = tent(network(), byMomentum).adapt(x);
    const model = network().eval();
    (model.layers[1] as NormModule).pinned = { statistics: "batch" };
    expect(first.data).toEqual(model.forward(x).data);
    const twice = tent(network(), { ...byMomentum, steps: 2 }).adapt(x);
    const adapting = tent(network(), byMomentum);
    adapting.adapt(x);
    expect(twice.data).toEqual(adapting.adapt(x).data);
  });

  test("forgets before each batch where it is episodic, and on reset", () => {
    const adapting = tent(network(), { ...byMomentum, episodic: true });
    const first = adapting.adapt(x).data;
    expect(adapting.adapt(x).data).toEqual(first);
    const online = tent(network(), byMomentum);
    expect(online.adapt(x).data).toEqual(first);
    expect(online.adapt(x).data).not.toEqual(first);
    online.reset();
    expect(online.adapt(x).data).toEqual(first);
  });

  test("an optimizer that cannot be made leaves the model as it was", () => {
    const model = network();
    expect(() => tent(model, { optimizer: (m) => new SGD(m, { lr: -1 }) })).toThrow("SGD lr");
    expect(model.layers.every((m) => m.training)).toBe(true);
    expect([...model.namedParameters().values()].every((p) => p.trainable)).toBe(true);
    expect((model.layers[1] as NormModule).pinned).toEqual({});
  });

  test("outlives the scope that it was made in", () => {
    const model = network();
    const { adapting } = scope(() => ({ adapting: { it: tent(model, byMomentum) } }));
    const first = adapting.it.adapt(x).data.slice();
    adapting.it.reset();
    expect(adapting.it.adapt(x).data).toEqual(first);
  });

  test("restore gives back parameters, modes, pins and what was trainable", () => {
    const model = network();
    const layer = model.layers[1] as NormModule;
    layer.pinned = { update: false };
    layer.params["bias"]!.trainable = false;
    const before = numbers(model);
    const adapting = tent(model, byMomentum);
    expect(model.layers.some((m) => m.training)).toBe(false);
    adapting.adapt(x);
    adapting.restore();
    expect(numbers(model)).toEqual(before);
    expect(layer.pinned).toEqual({ update: false });
    expect(model.layers.every((m) => m.training)).toBe(true);
    const trainable = [...model.namedParameters()].filter(([, p]) => p.trainable);
    expect(trainable.map(([name]) => name)).toEqual([
      "0.weight",
      "0.bias",
      "1.weight",
      "4.weight",
      "4.bias",
    ]);
  });
});
