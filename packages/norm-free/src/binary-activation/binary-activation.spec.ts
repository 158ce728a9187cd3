import { add, grad, mul, random, reshape, sum, type Tensor } from "@evenkeel/autodiff";
import { checkGradients, expectClose, methodSuite, ndarray, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/bnn-no-bn.json" with { type: "json" };
import { binaryActivationCase } from "./binary-activation.case.ts";
import { binaryActivationGradient, rpreluReference } from "./binary-activation.reference.ts";
import { binaryActivation, RPReLU, RSign, rprelu, rsign } from "./binary-activation.ts";

const draw = (seed: number, shape: readonly number[]): Tensor =>
  random(seed).normal(shape, { dtype: "float64" });
const plain = ({ shape, data }: Tensor): ReturnType<typeof ndarray> => ndarray(shape, data);

describe("binaryActivation", () => {
  const checks = methodSuite(binaryActivationCase, { golden: [golden] });
  for (const { name, run } of checks) test(name, run);

  test("has the gradient of the smooth step", () => {
    const [x, g] = [draw(1, [40, 5]), draw(2, [40, 5])];
    const got = grad((at: Tensor) => sum(mul(binaryActivation(at), g)))(x);
    expectClose("dx", got, binaryActivationGradient(plain(x), plain(g)), tolerances.reference);
  });

  test("has the second derivative of the smooth step", () => {
    const x = draw(3, [30]);
    const slope = (at: Tensor): Tensor => grad((v: Tensor) => sum(binaryActivation(v)))(at);
    const got = grad((at: Tensor) => sum(slope(at)))(x);
    const expected = x.data.map((v) => (Math.abs(v) < 1 ? -2 * Math.sign(v) : 0));
    expectClose("second derivative", got, ndarray([30], expected), tolerances.reference);
  });
});

describe("RSign and RPReLU", () => {
  const x = draw(4, [3, 2, 4]);
  const [shift, slope, lift] = [5, 6, 7].map((seed) => draw(seed, [2])) as [Tensor, Tensor, Tensor];

  test("shift channels before the sign", () => {
    const moved = add(x, reshape(shift, [2, 1]));
    expect(rsign(x, shift).data).toEqual(binaryActivation(moved).data);
  });

  test("equal the reference, with right gradients", () => {
    const y = rprelu(x, { shift, slope, lift });
    const expected = rpreluReference([x, shift, slope, lift].map(plain));
    expectClose("rprelu", y, expected, tolerances.reference);
    const f = (at: { x: Tensor; shift: Tensor; slope: Tensor; lift: Tensor }): Tensor =>
      rprelu(at.x, at);
    checkGradients(f, { x, shift, slope, lift });
  });

  test("start as a sign and a leaky relu with slope 0.25", () => {
    const small = random(8).normal([2, 3, 2]);
    expect(new RSign({ numFeatures: 3 }).forward(small).data).toEqual(binaryActivation(small).data);
    const leaky = small.data.map((v) => (v > 0 ? v : 0.25 * v));
    expect(new RPReLU({ numFeatures: 3 }).forward(small).data).toEqual(leaky);
    expect([...new RPReLU({ numFeatures: 3 }).namedParameters().keys()]).toEqual([
      "shift",
      "slope",
      "lift",
    ]);
  });
});
