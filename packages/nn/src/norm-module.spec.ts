import {
  add,
  gather,
  mean,
  mul,
  ones,
  random,
  reshape,
  rsqrt,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  zeros,
} from "@evenkeel/autodiff";
import { type Card, count, defineNorm, type Norm } from "@evenkeel/norm-core";
import { describe, expect, it } from "vitest";
import {
  freeze,
  gradients,
  Linear,
  Module,
  type NormModule,
  norm,
  Sequential,
  unfreeze,
} from "./index.ts";

const card: Card = {
  ...{ id: "plainNorm", name: "Plain norm", summary: "", tex: "", notes: [] },
  paper: { title: "", authors: "", year: 2015 },
  keys: { weight: "weight", runningMean: "running_mean", numBatchesTracked: "num_batches_tracked" },
};

/** Batch norm of [N, C] with a mean only, in the fewest words. */
const centering: Norm<{ readonly numFeatures: number }> = defineNorm({
  card,
  options: { numFeatures: count() },
  init: ({ numFeatures }, dtype) => ({
    params: { weight: ones([numFeatures], { dtype }) },
    state: {
      runningMean: zeros([numFeatures], { dtype }),
      numBatchesTracked: zeros([], { dtype }),
    },
  }),
  apply(x, { weight }, state, _options, { mode }) {
    const batch = mean(x, { axes: 0 });
    const used = mode.statistics === "batch" ? batch : state["runningMean"]!;
    const output = mul(mul(sub(x, used), rsqrt(add(mean(square(sub(x, used))), 1))), weight!);
    if (!mode.update) return { output, state };
    const next = add(mul(0.9, state["runningMean"]!), mul(0.1, batch));
    return {
      output,
      state: { runningMean: next, numBatchesTracked: add(state["numBatchesTracked"]!, 1) },
    };
  },
});

/** A bias per class id. */
const classBias: Norm<{ readonly numClasses: number }, readonly number[]> = defineNorm<
  { readonly numClasses: number },
  readonly number[]
>({
  card: { ...card, keys: { bias: "embed.weight" } },
  options: { numClasses: count() },
  init: ({ numClasses }) => ({
    params: { bias: tensor(Array.from({ length: numClasses }, (_, i) => i)) },
    state: {},
  }),
  apply: (x, { bias }, state, _options, { condition }) => ({
    output: add(x, reshape(gather(bias!, condition!), [-1, 1])),
    state,
  }),
});

const x = random(1).normal([5, 3], { mean: 2 });
const make = (): NormModule => norm(centering, { numFeatures: 3 });
const running = (m: NormModule): number[] => [...m.state["runningMean"]!.value.data];

class Refusing extends Module {
  override forward(): Tensor {
    throw new Error("refused");
  }
}

describe("norm", () => {
  it("names parameters and buffers by the card's PyTorch keys", () => {
    const model = new Sequential(make(), norm(classBias, { numClasses: 2 }));
    expect(Object.keys(model.stateDict())).toEqual([
      "0.weight",
      "0.running_mean",
      "0.num_batches_tracked",
      "1.embed.weight",
    ]);
  });

  it("has parameters and buffers of the dtype asked for", () => {
    const m = norm(centering, { numFeatures: 3 }, { dtype: "float64" });
    expect(Object.values(m.stateDict()).map((t) => t.dtype)).toEqual(Array(3).fill("float64"));
  });

  it("uses batch statistics and updates running ones in training, not in evaluation", () => {
    const m = make();
    m.forward(x);
    expect(m.state["numBatchesTracked"]!.value.item()).toBe(1);
    const after = running(m);
    expect(after[0]).not.toBe(0);
    m.eval().forward(x);
    expect(running(m)).toEqual(after);
  });

  it("keeps the three switches apart", () => {
    const m = make();
    m.pinned = { statistics: "running" };
    expect(m.mode).toEqual({ statistics: "running", update: true });
    m.eval();
    m.pinned = { statistics: "batch" };
    expect(m.mode).toEqual({ statistics: "batch", update: false });
    const inTraining = make();
    inTraining.pinned = { update: false };
    const y = inTraining.forward(x);
    expect(running(inTraining)).toEqual([0, 0, 0]);
    expect(m.forward(x).data).toEqual(y.data);
    m.params["weight"]!.trainable = false;
    expect(gradients(m, () => sum(m.forward(x))).grads).toEqual({});
  });

  it("hands a condition on, through Sequential", () => {
    const model = new Sequential(make(), norm(classBias, { numClasses: 3 }));
    model.eval();
    const y = model.forward(zeros([3, 3]), [2, 0, 1]);
    expect(y.toArray()).toEqual([2, 0, 1].map((v) => [v, v, v]));
  });

  it("leaves its state alone when the norm throws", () => {
    const m = make();
    expect(() => m.forward(ones([5, 4]))).toThrow("broadcast");
    expect(running(m)).toEqual([0, 0, 0]);
    expect(m.state["numBatchesTracked"]!.value.item()).toBe(0);
  });

  it("passes the norm's complaints about options on", () => {
    expect(() => norm(centering, { numFeature: 3 } as unknown as { numFeatures: number })).toThrow(
      "Did you mean numFeatures?",
    );
  });
});

describe("state during gradients", () => {
  it("is updated once per forward, and the replaced tensors are released", () => {
    const m = make();
    const first = m.state["runningMean"]!.value;
    gradients(m, () => add(sum(m.forward(x)), sum(m.forward(x))));
    expect(m.state["numBatchesTracked"]!.value.item()).toBe(2);
    expect(() => first.data).toThrow("released");
  });

  it("is put back when the function throws after the norm ran", () => {
    const m = make();
    const model = new Sequential(m, new Refusing());
    const [mean0, count0] = [m.state["runningMean"]!.value, m.state["numBatchesTracked"]!.value];
    expect(() => gradients(model, () => sum(model.forward(x)))).toThrow("refused");
    expect(m.state["runningMean"]!.value).toBe(mean0);
    expect(m.state["numBatchesTracked"]!.value).toBe(count0);
    expect(running(m)).toEqual([0, 0, 0]);
  });

  it("is put back when the loss is refused", () => {
    const m = make();
    expect(() => gradients(m, () => m.forward(x))).toThrow("a loss of one element");
    expect(running(m)).toEqual([0, 0, 0]);
  });

  it("of an inner run that failed is put back to where the inner run began", () => {
    const m = make();
    gradients(m, () => {
      const loss = sum(m.forward(x));
      expect(() => gradients(m, () => m.forward(x))).toThrow("one element");
      return loss;
    });
    expect(m.state["numBatchesTracked"]!.value.item()).toBe(1);
    expect(running(m)[0]).not.toBe(0);
  });

  it("of an inner run is undone, too, when the outer run fails", () => {
    const m = make();
    expect(() =>
      gradients(m, () => {
        gradients(m, () => sum(m.forward(x)));
        throw new Error("outer");
      }),
    ).toThrow("outer");
    expect(m.state["numBatchesTracked"]!.value.item()).toBe(0);
  });
});

describe("freeze", () => {
  const model = (): Sequential =>
    new Sequential(new Linear({ inFeatures: 3, outFeatures: 3 }), make());

  it("survives train(true): running statistics, no update, no gradient of the affine", () => {
    const m = model();
    freeze(m);
    m.train(true);
    const frozen = m.layers[1] as NormModule;
    const { grads } = gradients(m, () => sum(square(m.forward(x))));
    expect(frozen.mode).toEqual({ statistics: "running", update: false });
    expect(running(frozen)).toEqual([0, 0, 0]);
    expect(Object.keys(grads)).toEqual(["0.weight", "0.bias"]);
  });

  it("can take statistics or affine alone, and unfreeze undoes it", () => {
    const m = model();
    const part = m.layers[1] as NormModule;
    freeze(m, { affine: false });
    expect([part.mode.update, part.params["weight"]!.trainable]).toEqual([false, true]);
    unfreeze(m);
    freeze(m, { statistics: false });
    expect([part.mode.update, part.params["weight"]!.trainable]).toEqual([true, false]);
    unfreeze(m);
    expect([part.mode.update, part.params["weight"]!.trainable]).toEqual([true, true]);
  });
});
