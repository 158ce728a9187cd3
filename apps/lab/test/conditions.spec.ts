import { concat, ones, random, sum, type Tensor } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import {
  adain,
  bigganBatchNorm,
  classConditionalBatchNorm,
  conditionalBatchNorm,
  film,
  filmBatchNorm,
} from "@evenkeel/conditional-norm";
import { gradients, type NormModule, norm, ReLU, Sequential } from "@evenkeel/nn";
import { describe, expect, test } from "vitest";

const stream = random(1);
const shape = [4, 8, 16, 16];
const x = stream.normal(shape);
const embedding = stream.normal([4, 6]);
const sizes = { numFeatures: 8, embeddingSize: 6 };

/** Everything that any norm here may be told. */
const condition = {
  classes: [2, 0, 1, 2],
  embedding,
  gamma: stream.normal([4, 8]),
  beta: stream.normal([4, 8]),
  style: stream.normal([4, 8, 5, 5]),
};
const modules = (): Readonly<Record<string, NormModule<never>>> => ({
  classConditionalBatchNorm: norm(classConditionalBatchNorm, { numFeatures: 8, numClasses: 3 }),
  bigganBatchNorm: norm(bigganBatchNorm, sizes),
  conditionalBatchNorm: norm(conditionalBatchNorm, { ...sizes, hiddenSize: 5 }),
  filmBatchNorm: norm(filmBatchNorm, sizes),
  film: norm(film, { numFeatures: 8 }),
  adain: norm(adain, { numFeatures: 8 }),
});
const keys = (m: NormModule<never>): string[] => Object.keys(m.stateDict());

describe("norms that are told something, as modules", () => {
  test("take what they know of one condition, through Sequential", () => {
    const model = new Sequential(
      ...Object.values(modules()).flatMap((m) => [m, new ReLU()]),
      new Sequential(norm(batchNorm, { numFeatures: 8 })),
    );
    const { value, grads } = gradients(model, () => sum(model.forward(x, condition)));
    expect(Number.isFinite(value.item())).toBe(true);
    const frozen = ["4.weight", "4.bias"];
    const all = [...model.namedParameters().keys()];
    expect(Object.keys(grads)).toEqual(all.filter((name) => !frozen.includes(name)));
  });

  test("have the names of the published checkpoints", () => {
    const all = modules();
    const running = ["running_mean", "running_var", "num_batches_tracked"];
    const inner = running.map((name) => `bn.${name}`);
    expect(keys(all["classConditionalBatchNorm"]!)).toEqual(["embed.weight", ...inner]);
    expect(keys(all["bigganBatchNorm"]!)).toEqual([
      ...["gain.weight", "bias.weight"],
      ...["stored_mean", "stored_var", "num_batches_tracked"],
    ]);
    expect(keys(all["filmBatchNorm"]!)).toEqual([
      ...["generator.weight", "generator.bias"],
      ...inner,
    ]);
    expect(keys(all["film"]!)).toEqual([]);
  });

  test("take both tables of a checkpoint from one, gammas first", () => {
    const m = norm(classConditionalBatchNorm, { numFeatures: 8, numClasses: 3 });
    const [gamma, beta] = [stream.normal([3, 8]), stream.normal([3, 8])];
    m.loadStateDict({ ...m.stateDict(), "embed.weight": concat([gamma, beta], 1) });
    expect(m.params["gammaEmbed"]!.value.data).toEqual(gamma.data);
    expect(m.params["betaEmbed"]!.value.data).toEqual(beta.data);
  });

  test("take a pretrained batch norm as their base", () => {
    const trained = norm(batchNorm, { numFeatures: 8 });
    trained.params["weight"]!.replace(stream.normal([8]));
    trained.forward(x);
    const m = norm(conditionalBatchNorm, { ...sizes, hiddenSize: 5, outInit: "zeros" });
    const { missing, unexpected } = m.loadStateDict(trained.stateDict(), { strict: false });
    expect(missing.every((name) => /_(hidden|out)\./.test(name))).toBe(true);
    expect(unexpected).toEqual([]);
    const [got, expected] = [m, trained].map((one) => one.eval().forward(x, condition as never));
    got!.data.forEach((v, i) => void expect(v).toBeCloseTo(expected!.data[i]!, 5));
  });

  test("keep their state when they are told something wrong", () => {
    const wrong: Readonly<Record<string, readonly [object, string]>> = {
      classConditionalBatchNorm: [{ classes: [0, 1, 2, 3] }, "got 3 at position 3"],
      bigganBatchNorm: [{ classes: [0, 1, 2, 0] }, "bigganBatchNorm embedding"],
      conditionalBatchNorm: [{ embedding: ones([4, 7]) }, "expected shape [4, 6]"],
      filmBatchNorm: [{ embedding: ones([3, 6]) }, "expected shape [4, 6]"],
    };
    for (const [id, [told, message]] of Object.entries(wrong)) {
      const m = modules()[id]!;
      const before = Object.values(m.state).map((b) => b.value);
      expect(() => m.forward(x, told as never)).toThrow(message);
      expect(() => m.forward(x)).toThrow("Pass");
      Object.values(m.state).forEach((b, i) => void expect(b.value).toBe(before[i]));
    }
  });

  test("draw their dropout from the stream that they are told", () => {
    const m = norm(conditionalBatchNorm, { ...sizes, hiddenSize: 20, dropout: 0.5 });
    const output = (seed: number): Tensor => m.forward(x, { embedding, random: random(seed) });
    expect(output(1).data).toEqual(output(1).data);
    expect(output(1).data).not.toEqual(output(2).data);
    m.eval();
    expect(m.forward(x, { embedding }).data).toEqual(output(3).data);
  });
});
