import { readFileSync } from "node:fs";
import { ReleasedError, type Tensor, tensor, ValueError, zeros } from "@evenkeel/autodiff";
import { expectClose, tolerances } from "@evenkeel/testkit";
import { describe, expect, it } from "vitest";
import { Adam, AdamW, gradients, Module, type Optimizer, Parameter, SGD } from "../index.ts";

interface Stored {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Case {
  readonly optimizer: "SGD" | "Adam" | "AdamW";
  readonly options: { readonly lr: number };
  /** After each step: weight and bias. */
  readonly params: readonly (readonly Stored[])[];
  readonly memory: readonly Readonly<Record<string, Stored>>[];
}
const golden = JSON.parse(
  readFileSync(new URL("../../golden/optimizers.json", import.meta.url), "utf8"),
) as {
  readonly start: readonly Stored[];
  readonly grads: readonly (readonly Stored[])[];
  readonly cases: readonly Case[];
};
const load = ({ shape, data }: Stored): Tensor => tensor(Float64Array.from(data), { shape });

class Pair extends Module {
  readonly weight: Parameter = new Parameter(load(golden.start[0]!));
  readonly bias: Parameter = new Parameter(load(golden.start[1]!));
  override forward(x: Tensor): Tensor {
    return x;
  }
}
const kinds = { SGD, Adam, AdamW };
const names = ["weight", "bias"];
const gradsOf = (step: number): Record<string, Tensor> =>
  Object.fromEntries(golden.grads[step]!.map((g, i) => [names[i]!, load(g)]));

function expectParameters(model: Module, expected: readonly Stored[]): void {
  const dict = model.stateDict();
  names.forEach((name, i) => {
    expectClose(name, dict[name]!, expected[i]!, tolerances.golden);
  });
}

describe("parameters after each step are PyTorch's", () => {
  for (const c of golden.cases) {
    it(`${c.optimizer} ${JSON.stringify(c.options)}`, () => {
      const model = new Pair();
      const optimizer = new kinds[c.optimizer](model, c.options);
      c.params.forEach((expected, step) => {
        optimizer.step(gradsOf(step));
        expectParameters(model, expected);
      });
      const memory = optimizer.stateDict();
      names.forEach((name, i) => {
        for (const [slot, value] of Object.entries(c.memory[i]!)) {
          expectClose(`${name}.${slot}`, memory[`${name}.${slot}`]!, value, tolerances.golden);
        }
      });
    });

    it(`${c.optimizer} ${JSON.stringify(c.options)} goes on from its state dict`, () => {
      const model = new Pair();
      const first = new kinds[c.optimizer](model, c.options);
      first.step(gradsOf(0));
      first.step(gradsOf(1));
      const [weights, memory] = [model.stateDict(), first.stateDict()];
      first.step(gradsOf(2));
      const copy = new Pair();
      copy.loadStateDict(weights);
      const second = new kinds[c.optimizer](copy, c.options);
      second.step(gradsOf(3));
      copy.loadStateDict(weights);
      second.loadStateDict(memory);
      second.step(gradsOf(2));
      second.step(gradsOf(3));
      expectParameters(copy, c.params[3]!);
    });
  }
});

const all: readonly (readonly [string, (m: Module) => Optimizer])[] = [
  ["SGD", (m) => new SGD(m, { lr: 0.1, momentum: 0.9 })],
  ["Adam", (m) => new Adam(m)],
  ["AdamW", (m) => new AdamW(m)],
];
describe.each(all)("%s", (name, make) => {
  function refused(grads: Record<string, Tensor>, message: string): void {
    const model = new Pair();
    const optimizer = make(model);
    optimizer.step(gradsOf(0));
    const before = [model.stateDict(), optimizer.stateDict()];
    expect(() => optimizer.step(grads)).toThrow(message);
    [model.stateDict(), optimizer.stateDict()].forEach((after, i) => {
      for (const [key, t] of Object.entries(after)) expect(t.data).toEqual(before[i]![key]!.data);
    });
  }

  it("refuses a gradient that is not finite, names it and changes nothing", () => {
    const bias = tensor([1, Number.NaN, 2], { dtype: "float64" });
    refused(
      { ...gradsOf(1), bias },
      `${name}.step: expected a finite gradient of bias, got NaN at element 1.`,
    );
    expect(() => make(new Pair()).step({ bias })).toThrow(ValueError);
  });

  it("refuses an unknown name, another shape and another dtype", () => {
    const other = tensor([1, 2, 3], { dtype: "float64" });
    refused({ ...gradsOf(1), biases: other }, "Did you mean bias?");
    refused({ ...gradsOf(1), bias: zeros([2]) }, "a gradient of shape [3] for bias, got [2]");
    refused({ ...gradsOf(1), bias: zeros([3]) }, "tensors of one dtype");
  });

  it("releases the tensors that it replaces", () => {
    const model = new Pair();
    const optimizer = make(model);
    const before = model.weight.value;
    optimizer.step(gradsOf(0));
    expect(() => before.data).toThrow(ReleasedError);
  });

  it("leaves parameters without a gradient alone", () => {
    const model = new Pair();
    const optimizer = make(model);
    const before = model.weight.value;
    const { bias } = gradsOf(0);
    optimizer.step({ bias: bias! });
    expect(model.weight.value).toBe(before);
    expect(Object.keys(optimizer.stateDict()).some((key) => key.startsWith("weight"))).toBe(false);
  });

  it("refuses a state dict with a slot missing, too much or of another shape", () => {
    const model = new Pair();
    const optimizer = make(model);
    optimizer.step(gradsOf(0));
    const dict = optimizer.stateDict();
    const slot = Object.keys(dict).find((key) => key.startsWith("bias.") && key !== "bias.step")!;
    const { [slot]: _gone, ...less } = dict;
    expect(() => optimizer.loadStateDict(less)).toThrow(slot);
    expect(() => optimizer.loadStateDict({ ...dict, "head.step": zeros([]) })).toThrow("head.step");
    expect(() => optimizer.loadStateDict({ ...dict, [slot]: zeros([2]) })).toThrow(
      `${slot} of shape`,
    );
    expect(optimizer.stateDict()[slot]!.data).toEqual(dict[slot]!.data);
  });

  it("cannot step while gradients are taken", () => {
    const model = new Pair();
    const optimizer = make(model);
    expect(() =>
      gradients(model, () => {
        optimizer.step(gradsOf(0));
        return zeros([]);
      }),
    ).toThrow("Replace parameters after gradients(...) has returned.");
  });
});

describe("options", () => {
  it("leave out of weight decay what the filter says", () => {
    const options = { lr: 0.1, weightDecay: 0.05 };
    const [model, plain] = [new Pair(), new Pair()];
    new SGD(model, { ...options, decay: (name) => name !== "bias" }).step(gradsOf(0));
    new SGD(plain, { lr: 0.1 }).step(gradsOf(0));
    const decayed = golden.cases.find(
      (c) => JSON.stringify(c.options) === JSON.stringify(options),
    )!;
    expectClose("weight", model.weight.value, decayed.params[0]![0]!, tolerances.golden);
    expect(model.bias.value.data).toEqual(plain.bias.value.data);
  });

  it("take a new learning rate at any time, but a legal one", () => {
    const model = new Pair();
    const optimizer = new SGD(model, { lr: 1 });
    optimizer.lr = 0;
    optimizer.step(gradsOf(0));
    expect(model.bias.value.data).toEqual(load(golden.start[1]!).data);
    expect(() => {
      optimizer.lr = Number.NaN;
    }).toThrow("lr: expected a number >= 0, got NaN");
  });

  it("are refused with the nearest name", () => {
    const model = new Pair();
    expect(() => new SGD(model, { lr: 0.1, weightdecay: 1 } as { lr: number })).toThrow(
      "Did you mean weightDecay?",
    );
    expect(() => new SGD(model, {} as { lr: number })).toThrow("SGD lr: expected a number >= 0");
    expect(() => new SGD(model, { lr: 0.1, nesterov: true })).toThrowErrorMatchingInlineSnapshot(
      `[OptionError: SGD nesterov: expected a momentum > 0 and no dampening, got momentum 0, dampening 0.]`,
    );
    expect(() => new Adam(model, { betas: [0.9, 1] })).toThrow("Adam betas");
  });
});
