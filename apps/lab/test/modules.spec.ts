import { EvenkeelError, leaves, type Tensor } from "@evenkeel/autodiff";
import { Identity, NormModule, Sequential } from "@evenkeel/nn";
import { training } from "@evenkeel/norm-core";
import { drawSample, expectClose, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { cases } from "../src/norms.ts";

const shape = [4, 3, 4, 4];

describe("as a module in a network", () => {
  for (const [id, norm] of Object.entries(cases)) {
    const { bound, x, params, condition } = drawSample(
      norm,
      shape,
      norm.options(3, shape)[0]!,
      training,
      1,
    );
    const make = (): Sequential =>
      new Sequential(new Identity(), new NormModule(bound, { dtype: "float64" }));
    const own = (model: Sequential): NormModule => model.layers[1] as NormModule;
    const takeParams = (model: Sequential): void => {
      for (const [name, t] of Object.entries(params)) own(model).params[name]!.replace(t);
    };

    test(`${id} has a name of its own for each parameter and buffer, and loads what it saves`, () => {
      const model = make();
      const initial = bound.init({ dtype: "float64" });
      expect(model.namedParameters().size).toBe(leaves(initial.params).length);
      expect(model.namedBuffers().size).toBe(leaves(initial.state).length);
      takeParams(model);
      const copy = make();
      copy.loadStateDict(model.stateDict());
      expect(copy.forward(x, condition).data).toEqual(model.forward(x, condition).data);
    });

    test(`${id} is told its condition through Sequential`, () => {
      const model = make();
      takeParams(model);
      const { state } = bound.init({ dtype: "float64" });
      const expected = bound.apply(x, params, state, { condition });
      expectClose("output", model.forward(x, condition), expected.output, tolerances.reference);
      for (const [name, t] of Object.entries(expected.state)) {
        expectClose(name, own(model).state[name]!.value, t, tolerances.reference);
      }
    });

    if (norm.condition === undefined) continue;
    test(`${id} keeps its state where it refuses a condition`, () => {
      const model = make();
      for (const attempt of [undefined, { classes: [0, -1], branch: 99, prevOps: [0.5] }]) {
        const before = model.stateDict();
        try {
          model.forward(x, attempt);
        } catch (error) {
          expect(error).toBeInstanceOf(EvenkeelError);
          const now = model.stateDict();
          for (const [name, t] of Object.entries(before)) expect(data(now[name]!)).toEqual(data(t));
        }
      }
    });
  }
});

const data = (t: Tensor): number[] => [...t.data];
