import { random } from "@evenkeel/autodiff";
import { Linear, Module } from "@evenkeel/nn";
import { methodSuite } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/bnn-no-bn.json" with { type: "json" };
import { adaptiveGradientClipCase } from "./adaptive-gradient-clip.case.ts";
import { adaptiveGradientClip, clipGradAdaptive } from "./adaptive-gradient-clip.ts";

describe("adaptiveGradientClip", () => {
  const checks = methodSuite(adaptiveGradientClipCase, { golden: [golden] });
  for (const { name, run } of checks) test(name, run);
});

class Pair extends Module {
  readonly hidden: Linear = new Linear({ inFeatures: 3, outFeatures: 2, seed: 1 });
  readonly fc: Linear = new Linear({ inFeatures: 2, outFeatures: 2, seed: 2 });
  override forward = this.fc.forward;
}

describe("clipGradAdaptive", () => {
  const model = new Pair();
  const grads = Object.fromEntries(
    [...model.namedParameters()].map(([name, p]) => [
      name,
      random(name.length).normal(p.value.shape),
    ]),
  );

  test("clips every parameter by its own weights, but for the last layer", () => {
    const clipped = clipGradAdaptive(model, grads);
    const { weight } = model.hidden;
    const expected = adaptiveGradientClip(weight.value, grads["hidden.weight"]!);
    expect(clipped["hidden.weight"]!.data).toEqual(expected.data);
    expect(clipped["hidden.bias"]!.data).not.toEqual(grads["hidden.bias"]!.data);
    expect(clipped["fc.weight"]).toBe(grads["fc.weight"]);
    expect(Object.keys(clipped)).toEqual(Object.keys(grads));
  });

  test("clips what it is told to", () => {
    const clipped = clipGradAdaptive(model, grads, { clips: (name) => name === "fc.weight" });
    const changed = Object.keys(grads).filter((name) => clipped[name] !== grads[name]);
    expect(changed).toEqual(["fc.weight"]);
  });

  test("refuses a name that is no parameter's", () => {
    expect(() => clipGradAdaptive(model, { bias: random(1).normal([2]) })).toThrow(
      'clipGradAdaptive: expected names of the model\'s parameters, got "bias".',
    );
  });
});
