import {
  add,
  grad,
  matmul,
  mul,
  square,
  sum,
  type Tensor,
  tensor,
  transpose,
} from "@evenkeel/autodiff";
import { expectClose, tolerances } from "@evenkeel/testkit";
import { describe, expect, it } from "vitest";
import { gradients, Linear } from "./index.ts";

const x = tensor(
  [
    [1, 2],
    [3, -1],
  ],
  { dtype: "float64" },
);
const make = (): Linear =>
  new Linear({ inFeatures: 2, outFeatures: 1, bias: false, seed: 1, dtype: "float64" });

describe("gradients", () => {
  it("are those of the core's grad with the parameters as arguments", () => {
    const model = make();
    const { value, grads } = gradients(model, () => sum(square(model.forward(x))));
    const loss = (w: Tensor): Tensor => sum(square(matmul(x, transpose(w))));
    expectClose("weight", grads["weight"]!, grad(loss)(model.weight.value), tolerances.reference);
    expect(value.item()).toBe(loss(model.weight.value).item());
  });

  it("hand aux back", () => {
    const model = make();
    const { aux } = gradients(model, () => {
      const y = model.forward(x);
      return [sum(y), { y, note: "kept" }] as const;
    });
    expect(aux.note).toBe("kept");
    expect(aux.y.shape).toEqual([2, 1]);
  });

  it("leave the parameters as they were, also when the function throws", () => {
    const model = make();
    const before = model.weight.value;
    gradients(model, () => sum(model.forward(x)));
    expect(model.weight.value).toBe(before);
    expect(() =>
      gradients(model, () => {
        throw new Error("no loss");
      }),
    ).toThrow("no loss");
    expect(model.weight.value).toBe(before);
  });

  it("nest: the gradient of a gradient's square", () => {
    const model = make();
    const inner = (): Tensor =>
      gradients(model, () => sum(mul(square(model.forward(x)), model.forward(x)))).grads["weight"]!;
    const outer = gradients(model, () => {
      const penalty = sum(square(inner()));
      return add(penalty, sum(model.forward(x)));
    }).grads["weight"]!;
    const cubic = (w: Tensor): Tensor => {
      const y = matmul(x, transpose(w));
      return sum(mul(square(y), y));
    };
    const expected = grad((w: Tensor) =>
      add(sum(square(grad(cubic)(w))), sum(matmul(x, transpose(w)))),
    )(model.weight.value);
    expectClose("second order", outer, expected, tolerances.reference);
  });

  it("of parameters that the loss does not use are zero, and untrainable ones are left out", () => {
    const model = make();
    expect([...gradients(model, () => sum(x)).grads["weight"]!.data]).toEqual([0, 0]);
    model.weight.trainable = false;
    expect(gradients(model, () => sum(model.forward(x))).grads).toEqual({});
  });

  it("refuse a function that is asynchronous or returns no tensor", () => {
    const model = make();
    const later = (() => Promise.resolve()) as unknown as () => Tensor;
    expect(() => gradients(model, later)).toThrowErrorMatchingInlineSnapshot(
      `[OptionError: gradients: expected a function returning the loss, or [loss, aux], got a Promise. It must be synchronous and return the loss itself.]`,
    );
  });

  it("do not let a parameter be replaced meanwhile", () => {
    const model = make();
    expect(() =>
      gradients(model, () => {
        model.weight.replace(x);
        return sum(x);
      }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[EvenkeelError: replace: expected a value to stay as it is while its gradient is taken, got a new value. Replace parameters after gradients(...) has returned.]`,
    );
  });
});
