import { cpu, random, type Tensor, transpose, useBackend, zeros } from "@evenkeel/autodiff";
import {
  crossEntropy,
  Flatten,
  GlobalAvgPool2d,
  gradients,
  Linear,
  Module,
  type NormModule,
  norm,
  ReLU,
  Sequential,
} from "@evenkeel/nn";
import { backendTolerance, expectClose, remoteBackend } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import {
  batchNormEmbeddings,
  type DomainCondition,
  domainDistances,
  forwardMixture,
  mixDomains,
} from "./batch-norm-embeddings.ts";

const layer = { numFeatures: 2 };
const numbers = (t: Tensor): number[] => [...t.data];

const swapped = (t: Tensor): Tensor => transpose(t, [1, 0, 2, 3]);

class Swap extends Module {
  override forward(x: Tensor): Tensor {
    return swapped(x);
  }
}

afterEach(() => useBackend(cpu));

describe("forwardMixture", () => {
  const styles = [
    { mean: 0, std: 1 },
    { mean: -3, std: 0.3 },
    { mean: 4, std: 3 },
  ];
  const images = (seed: number, domain: number): Tensor =>
    random(seed).normal([8, 2, 4, 4], styles[domain]!);
  const bne = () => norm(batchNormEmbeddings, { numFeatures: 2, numDomains: 3, momentum: null });
  const network = (): Sequential =>
    new Sequential(
      bne(),
      new ReLU(),
      bne(),
      new GlobalAvgPool2d(),
      new Flatten(),
      new Linear({ inFeatures: 2, outFeatures: 3, seed: 1 }),
    );
  const trained = (domains = [0, 1, 2]): Sequential => {
    const model = network();
    for (const domain of domains) model.forward(images(domain, domain), { domain });
    return model;
  };

  test("is the mixture of the branches, each by its domain's statistics", () => {
    const model = trained().eval();
    const x = images(9, 1);
    const { output, weights, branches, distances, domains } = forwardMixture(model, x);
    expect(domains).toEqual([0, 1, 2]);
    expect([branches.shape, distances.shape]).toEqual([
      [8, 3, 3],
      [8, 3],
    ]);
    const alone = model.forward(x, { domain: 2 });
    for (let n = 0; n < 8; n++) {
      expect(numbers(branches).slice(n * 9 + 6, n * 9 + 9)).toEqual(
        numbers(alone).slice(n * 3, n * 3 + 3),
      );
    }
    expect(numbers(mixDomains(branches, distances).output)).toEqual(numbers(output));
    expect(weights.data[1]).toBeGreaterThan(0.8);
  });

  test("sums the distances at the layers' inputs, and leaves the model as it was", () => {
    const model = trained().eval();
    const x = images(9, 0);
    const before = model.stateDict();
    const { distances } = forwardMixture(model, x);
    const [first, , second] = model.layers as [NormModule, ReLU, NormModule];
    const at = (m: NormModule, input: Tensor): Tensor =>
      domainDistances(
        input,
        { runningMean: m.state["runningMean"]!.value, runningVar: m.state["runningVar"]!.value },
        layer,
      );
    const inner = new Sequential(first, new ReLU()).eval().forward(x, { domain: 2 });
    expect(distances.data[2]).toBeCloseTo(at(first, x).data[2]! + at(second, inner).data[2]!, 3);
    for (const [name, t] of Object.entries(model.stateDict()))
      expect(t.data).toEqual(before[name]!.data);
    expect([Object.hasOwn(first, "forward"), first.pinned]).toEqual([false, {}]);
  });

  test("leaves out domains that no batch went through", () => {
    const model = trained([0, 2]).eval();
    expect(forwardMixture(model, images(9, 1)).domains).toEqual([0, 2]);
    const one = trained([2]).eval();
    const { output, weights } = forwardMixture(one, images(9, 1));
    expect(numbers(weights)).toEqual(Array(8).fill(1));
    expect(numbers(output)).toEqual(numbers(one.forward(images(9, 1), { domain: 2 })));
    expect(() => forwardMixture(network(), images(9, 1))).toThrow(
      "forwardMixture: expected running statistics of at least one domain, got none. Train the model on batches of known domains first.",
    );
  });

  test("gives them no weight where the backend's memory is not in the process", async () => {
    const predict = (): ReturnType<typeof forwardMixture> =>
      forwardMixture(trained([0, 2]).eval(), images(9, 1));
    const expected = predict();
    useBackend(remoteBackend());
    const { output, weights, domains } = predict();
    expect(domains).toEqual([0, 1, 2]);
    const found = { shape: output.shape, data: await output.read() };
    expectClose("output", found, expected.output, backendTolerance("remote").output);
    const { data } = expected.weights;
    (await weights.read()).forEach((w, i) => {
      const [n, domain] = [Math.floor(i / 3), i % 3];
      if (domain === 1) expect(w).toBeLessThan(1e-20);
      else expect(w).toBeCloseTo(data[2 * n + domain / 2]!, 5);
    });
  });

  test("in training updates the known domain alone, and reaches every parameter", () => {
    const model = trained();
    const counts = (): number[] =>
      numbers((model.layers[0] as NormModule).state["numBatchesTracked"]!.value);
    const { grads } = gradients(model, () =>
      crossEntropy(
        forwardMixture(model, images(9, 1), { trainDomain: 1 }).output,
        [0, 1, 2, 0, 1, 2, 0, 1],
      ),
    );
    expect(counts()).toEqual([1, 2, 1]);
    expect(Object.keys(grads)).toEqual([...model.namedParameters().keys()]);
    forwardMixture(model, images(9, 1));
    expect(counts()).toEqual([1, 2, 1]);
  });

  test("leaves out layers with one value per plane, and refuses a model with no others", () => {
    const flat = new Sequential(bne(), new Flatten());
    const vectors = random(1).normal([8, 2]);
    flat.forward(vectors, { domain: 0 });
    expect(() => forwardMixture(flat.eval(), vectors)).toThrow(
      "expected a layer with more than one value per sample and channel",
    );
    const both = new Sequential(bne(), new GlobalAvgPool2d(), bne(), new Flatten());
    both.forward(images(1, 0), { domain: 0 });
    both.forward(images(2, 1), { domain: 1 });
    const first = new Sequential(both.layers[0]!, new GlobalAvgPool2d(), new Flatten());
    const x = images(9, 1);
    expect(numbers(forwardMixture(both.eval(), x).distances)).toEqual(
      numbers(forwardMixture(first.eval(), x).distances),
    );
  });

  test("takes channels on the first axis", () => {
    const layerOf = (channelAxis: number): NormModule<DomainCondition> =>
      norm(batchNormEmbeddings, { numFeatures: 2, numDomains: 2, channelAxis });
    const [usual, first] = [
      new Sequential(layerOf(1), new Flatten()),
      new Sequential(layerOf(0), new Swap(), new Flatten()),
    ];
    for (const domain of [0, 1]) {
      usual.forward(images(domain, domain), { domain });
      first.forward(swapped(images(domain, domain)), { domain });
    }
    const x = images(9, 1);
    const expected = forwardMixture(usual.eval(), x).distances;
    numbers(forwardMixture(first.eval(), swapped(x)).distances).forEach((v, i) => {
      expect(v).toBeCloseTo(expected.data[i]!, 3);
    });
  });

  test("puts everything back when a layer refuses its input", () => {
    const model = trained();
    expect(() => forwardMixture(model, zeros([2, 5, 4, 4]))).toThrow();
    const first = model.layers[0] as NormModule;
    expect([Object.hasOwn(first, "forward"), first.pinned]).toEqual([false, {}]);
  });

  test("refuses unknown domains and models without the norm", () => {
    expect(() => forwardMixture(trained(), images(9, 1), { trainDomain: 3 })).toThrow(
      "forwardMixture domain: expected whole numbers from 0 to 2, got 3.",
    );
    expect(() => forwardMixture(new Sequential(new ReLU()), images(9, 1))).toThrow(
      "forwardMixture: expected a model with batchNormEmbeddings that keep running statistics, got none of them.",
    );
  });
});
