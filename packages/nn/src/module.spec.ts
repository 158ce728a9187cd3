import {
  add,
  EvenkeelError,
  ones,
  release,
  ShapeError,
  scope,
  type Tensor,
  tensor,
  zeros,
} from "@evenkeel/autodiff";
import { describe, expect, it } from "vitest";
import { Buffer, Conv2d, Flatten, Linear, Module, Parameter, ReLU, Sequential } from "./index.ts";

class Block extends Module {
  readonly conv: Conv2d = new Conv2d({ inChannels: 2, outChannels: 2, kernelSize: 1, seed: 1 });
  readonly scale: Parameter = new Parameter(ones([1]));
  readonly count: Buffer = new Buffer(zeros([]));
  readonly heads: readonly Module[] = [
    new Linear({ inFeatures: 2, outFeatures: 1, seed: 2 }),
    new Linear({ inFeatures: 2, outFeatures: 1, bias: false, seed: 3 }),
  ];
  readonly note = "no member";
  override forward(x: Tensor): Tensor {
    return this.conv.forward(x);
  }
}

/** Adds the condition to its input, and tells whether it was there. */
class Shift extends Module {
  override forward(x: Tensor, condition?: unknown): Tensor {
    return add(x, condition as number);
  }
}

describe("members", () => {
  it("are found in the order of definition, under PyTorch's names", () => {
    const model = new Sequential(
      new Block(),
      new ReLU(),
      new Linear({ inFeatures: 2, outFeatures: 3 }),
    );
    expect(Object.keys(model.stateDict())).toEqual([
      "0.conv.weight",
      "0.conv.bias",
      "0.scale",
      "0.count",
      "0.heads.0.weight",
      "0.heads.0.bias",
      "0.heads.1.weight",
      "2.weight",
      "2.bias",
    ]);
    expect([...model.namedBuffers().keys()]).toEqual(["0.count"]);
    expect(model.namedParameters().size).toBe(8);
    expect([...model.namedModules()].map(([name]) => name)).toEqual([
      ...["", "0", "0.conv", "0.heads.0", "0.heads.1", "1", "2"],
    ]);
  });

  it("that are shared count once as parameters and appear under each name in the state dict", () => {
    const tied = new Linear({ inFeatures: 2, outFeatures: 2, bias: false });
    const model = new Sequential(tied, new ReLU(), tied);
    expect([...model.namedParameters().keys()]).toEqual(["0.weight"]);
    expect(Object.keys(model.stateDict())).toEqual(["0.weight", "2.weight"]);
  });

  it("may point back to their parent", () => {
    class Child extends Module {
      parent: Module | undefined;
      readonly weight: Parameter = new Parameter(ones([1]));
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    const child = new Child();
    const model = new Sequential(child);
    child.parent = model;
    expect(Object.keys(model.stateDict())).toEqual(["0.weight"]);
  });
});

describe("train and eval", () => {
  it("reach every module below and return the model", () => {
    const model = new Sequential(new Block(), new Sequential(new ReLU()));
    expect(model.eval()).toBe(model);
    expect([...model.namedModules()].some(([, m]) => m.training)).toBe(false);
    model.train();
    expect([...model.namedModules()].every(([, m]) => m.training)).toBe(true);
  });
});

describe("Sequential", () => {
  it("hands the condition to every child, through Sequentials inside", () => {
    const model = new Sequential(new Shift(), new Sequential(new Flatten(), new Shift()));
    expect(model.forward(zeros([1, 1]), 3).item()).toBe(6);
  });

  it("of nothing is the identity", () => {
    const x = ones([2]);
    expect(new Sequential().forward(x)).toBe(x);
  });
});

describe("state dict", () => {
  it("goes round: a second model computes the same bits", () => {
    const [a, b] = [1, 2].map(
      (seed) =>
        new Sequential(
          new Conv2d({ inChannels: 1, outChannels: 2, kernelSize: 2, seed }),
          new Flatten(),
          new Linear({ inFeatures: 8, outFeatures: 3, seed }),
        ),
    ) as [Sequential, Sequential];
    const x = tensor([
      [
        [
          [1, 2, 3],
          [4, 5, 6],
          [7, 8, 9],
        ],
      ],
    ]);
    expect(b.forward(x).data).not.toEqual(a.forward(x).data);
    expect(b.loadStateDict(a.stateDict())).toEqual({ missing: [], unexpected: [] });
    expect(b.forward(x).data).toEqual(a.forward(x).data);
  });

  it("stands on its own: neither side's later life changes or releases the other", () => {
    const [a, b] = [new Block(), new Block()];
    const dict = a.stateDict();
    b.loadStateDict(dict);
    a.scale.replace(tensor([5]));
    expect([...dict["scale"]!.data]).toEqual([1]);
    release(...Object.values(dict));
    expect([...b.scale.value.data]).toEqual([1]);
  });

  it("outlives the scope in which the model was made or loaded", () => {
    const model = scope(() => {
      const made = new Block();
      made.loadStateDict({ ...made.stateDict(), scale: tensor([7]) });
      return { forScopeThisIsNoTensor: () => made };
    }).forScopeThisIsNoTensor();
    expect(model.scale.value.item()).toBe(7);
    expect(model.forward(zeros([1, 2, 1, 1])).size).toBe(2);
  });

  it("is converted to the model's dtype", () => {
    const model = new Linear({ inFeatures: 1, outFeatures: 1, bias: false, dtype: "float64" });
    model.loadStateDict({ weight: tensor([[0.5]]) });
    expect(model.weight.value.dtype).toBe("float64");
    expect(model.weight.value.item()).toBe(0.5);
  });

  it("with other names is refused unless strict is off, and what fits is loaded then", () => {
    const model = new Block();
    const { scale, ...rest } = model.stateDict();
    const dict = { ...rest, scales: scale!, count: tensor(4) };
    expect(() => model.loadStateDict(dict)).toThrowErrorMatchingInlineSnapshot(
      `[EvenkeelError: loadStateDict: expected exactly the model's names, got no scale; unknown scales. Did you mean scale? Pass { strict: false } to load what fits.]`,
    );
    expect(model.count.value.item()).toBe(0);
    expect(model.loadStateDict(dict, { strict: false })).toEqual({
      missing: ["scale"],
      unexpected: ["scales"],
    });
    expect(model.count.value.item()).toBe(4);
  });

  it("with a wrong shape is refused with the name, and nothing is loaded", () => {
    const model = new Block();
    const dict = { ...model.stateDict(), scale: tensor([9]), "heads.1.weight": zeros([2, 2]) };
    expect(() => model.loadStateDict(dict)).toThrow(ShapeError);
    expect(() => model.loadStateDict(dict, { strict: false })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: loadStateDict: expected heads.1.weight of shape [1, 2], float32, got [2, 2], float32.]`,
    );
    expect(model.scale.value.item()).toBe(1);
  });
});

describe("cells", () => {
  it("take values of their shape and dtype only", () => {
    const p = new Parameter(ones([2]));
    expect(() => p.replace(ones([3]))).toThrow("replace: expected a value of shape [2], float32");
    expect(() => p.replace(ones([2], { dtype: "float64" }))).toThrow(EvenkeelError);
  });

  it("release what they replace but never the caller's own tensor", () => {
    const given = ones([2]);
    const p = new Parameter(given);
    const before = p.value;
    p.replace(zeros([2]));
    expect(() => before.data).toThrow("released");
    expect([...given.data]).toEqual([1, 1]);
  });
});
