import { expectRefusal } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import * as ad from "./index.ts";

const f64 = (data: ad.NestedNumbers): ad.Tensor => ad.tensor(data, { dtype: "float64" });

describe("grad", () => {
  const f = (a: ad.Tensor, b: ad.Tensor): ad.Tensor => ad.sum(ad.mul(ad.square(a), b));
  const [a, b] = [ad.tensor([1, 2]), ad.tensor([3, 4])];
  test("differentiates the first argument, or those that argnums names, in that order", () => {
    expect(ad.grad(f)(a, b).toArray()).toEqual([6, 16]);
    expect(ad.grad(f, { argnums: 1 })(a, b).toArray()).toEqual([1, 4]);
    const [db, da] = ad.grad(f, { argnums: [1, 0] })(a, b);
    expect([db.toArray(), da.toArray()]).toEqual([
      [1, 4],
      [6, 16],
    ]);
    expect(ad.grad(f, { argnums: [] })(a, b)).toEqual([]);
  });
  test("nests gradients as the argument is nested", () => {
    const loss = (p: { w: ad.Tensor; layers: readonly ad.Tensor[] }): ad.Tensor =>
      ad.sum(ad.mul(p.w, ad.mul(p.layers[0]!, p.layers[1]!)));
    const grads = ad.grad(loss)({ w: ad.tensor([2]), layers: [ad.tensor([3]), ad.tensor([5])] });
    expect([grads.w.item(), grads.layers.map((t) => t.item())]).toEqual([15, [10, 6]]);
  });
  test("passes anything through where it does not differentiate", () => {
    const scaled = (x: ad.Tensor, by: number, log: string[]): ad.Tensor => {
      log.push("ran");
      return ad.mul(x, by);
    };
    const log: string[] = [];
    expect([ad.grad(scaled)(ad.tensor(1), 7, log).item(), log]).toEqual([7, ["ran"]]);
  });
  test("is zero where the loss does not depend on the argument", () => {
    const constant = (_x: ad.Tensor): ad.Tensor => ad.ones([1, 1]);
    expect(
      ad
        .grad(constant)(ad.ones([3]))
        .toArray(),
    ).toEqual([0, 0, 0]);
  });
  test("adds up the uses of a tensor, and keeps apart an argument given twice", () => {
    const x = ad.tensor(3);
    expect(
      ad
        .grad((t: ad.Tensor) => ad.add(ad.mul(t, t), t))(x)
        .item(),
    ).toBe(7);
    const [first, second] = ad.grad((s: ad.Tensor, t: ad.Tensor) => ad.mul(s, ad.mul(t, t)), {
      argnums: [0, 1],
    })(x, x);
    expect([first.item(), second.item()]).toEqual([9, 18]);
  });
  test("valueAndGrad gives the value beside it, and aux untouched", () => {
    const withAux = (x: ad.Tensor) => [ad.sum(x), { note: "hello", twice: ad.mul(x, 2) }] as const;
    const { value, grads, aux } = ad.valueAndGrad(withAux, { hasAux: true })(ad.tensor([4]));
    expect([value.item(), grads.item(), aux.note, aux.twice.item()]).toEqual([4, 1, "hello", 8]);
    expect(ad.valueAndGrad(f)(a, b).aux).toBeUndefined();
  });
  test("sees a user's branches and loops", () => {
    const power = (x: ad.Tensor, n: number): ad.Tensor => {
      let y = ad.onesLike(x);
      for (let i = 0; i < n; i++) y = ad.mul(y, x);
      return n % 2 ? ad.neg(y) : y;
    };
    expect(ad.grad(power)(ad.tensor(2), 4).item()).toBe(32);
    expect(ad.grad(power)(ad.tensor(2), 3).item()).toBe(-12);
  });
});

describe("what grad refuses", () => {
  const x = ad.tensor([1, 2]);
  test.each<[string, () => unknown, string]>([
    [
      "a loss of several elements",
      () => ad.grad((t: ad.Tensor) => t)(x),
      "grad: expected a loss of one element, got shape [2]. Reduce it with sum or mean, or use vjp for a gradient of your own.",
    ],
    [
      "a loss that is no tensor",
      () => ad.grad((() => 3) as never as (t: ad.Tensor) => ad.Tensor)(x),
      "grad: expected a function returning a tensor, got 3. It must be synchronous and return the loss itself.",
    ],
    [
      "an asynchronous function",
      () => ad.grad((async (t: ad.Tensor) => ad.sum(t)) as never as (t: ad.Tensor) => ad.Tensor)(x),
      "grad: expected a function returning a tensor, got a Promise. It must be synchronous and return the loss itself.",
    ],
    [
      "aux without hasAux",
      () => ad.valueAndGrad((t: ad.Tensor) => [ad.sum(t), 1] as const)(x),
      'grad: expected a function returning a tensor, got ["Tensor([], float32)",1]. It must be synchronous and return the loss itself.',
    ],
    [
      "hasAux without aux",
      () => ad.valueAndGrad((t: ad.Tensor) => ad.sum(t), { hasAux: true })(x),
      'grad: expected a function returning [loss, aux], got "Tensor([], float32)". It must be synchronous and return the loss itself.',
    ],
    [
      "an argument that is not there",
      () => ad.grad((t: ad.Tensor) => ad.sum(t), { argnums: 1 })(x),
      "grad: expected argnums from 0 to 0, got 1.",
    ],
    [
      "an argument that is no tensor",
      () => ad.grad((p: { lr: number }) => ad.full([], p.lr))({ lr: 0.1 }),
      "grad: expected tensors in .lr, got 0.1. Close over what is not differentiated, or make it a tensor.",
    ],
  ])("%s", (name, call, message) => expectRefusal(name, call, message));

  test("after an error the tape is clean: the next gradient is right", () => {
    const broken = (t: ad.Tensor): ad.Tensor => ad.matmul(ad.exp(t), t);
    expect(() => ad.grad(broken)(x)).toThrow("matmul");
    expect(ad.recording()).toBe(false);
    expect(
      ad
        .grad((t: ad.Tensor) => ad.sum(ad.square(t)))(x)
        .toArray(),
    ).toEqual([2, 4]);
  });
  test("an error caught inside leaves the outer gradient right", () => {
    const recovering = (t: ad.Tensor): ad.Tensor => {
      try {
        ad.grad((u: ad.Tensor) => ad.matmul(ad.mul(t, u), u))(t);
      } catch {
        return ad.sum(ad.mul(t, 3));
      }
      return expect.unreachable();
    };
    expect(ad.grad(recovering)(x).toArray()).toEqual([3, 3]);
  });
});

describe("grad inside grad", () => {
  test("does not confuse the two derivatives: d/dx (x · d/dy (x·y)) = 2x", () => {
    const outer = (x: ad.Tensor): ad.Tensor =>
      ad.mul(x, ad.grad((y: ad.Tensor) => ad.mul(x, y))(x));
    expect(ad.grad(outer)(ad.tensor(3)).item()).toBe(6);
  });
  test("an inner derivative with respect to something else holds x constant", () => {
    const outer = (x: ad.Tensor): ad.Tensor =>
      ad.grad((y: ad.Tensor) => ad.add(ad.mul(x, x), ad.mul(y, y)))(ad.tensor(5));
    expect(ad.grad(outer)(ad.tensor(3)).item()).toBe(0);
  });
  test("gives all derivatives of x⁵", () => {
    let f = (x: ad.Tensor): ad.Tensor => ad.pow(x, 5);
    const values: number[] = [];
    for (let order = 0; order < 7; order++) {
      values.push(f(f64(2)).item());
      const lower = f;
      f = (x) => ad.grad(lower)(x);
    }
    expect(values).toEqual([32, 80, 160, 240, 240, 120, 0]);
  });
  test("differentiates the value that an inner valueAndGrad returns", () => {
    const outer = (x: ad.Tensor): ad.Tensor =>
      ad.valueAndGrad((y: ad.Tensor) => ad.mul(y, ad.square(x)))(x).value;
    expect(ad.grad(outer)(ad.tensor(2)).item()).toBe(12);
  });
  test("releases what the inner gradients made when the outer one ends", () => {
    const made: ad.Tensor[] = [];
    const outer = (x: ad.Tensor): ad.Tensor => {
      const inner = ad.grad((y: ad.Tensor) => ad.exp(ad.square(y)))(x);
      made.push(inner);
      return ad.square(inner);
    };
    ad.grad(outer)(ad.tensor(0.5));
    expect(() => made[0]!.data).toThrow(ad.ReleasedError);
  });
});

describe("vjp", () => {
  test("gives the value and pulls gradients back, as often as wanted", () => {
    const { value, pullback } = ad.vjp((x: ad.Tensor) => ad.exp(x), f64([0, 1]));
    expect(value.toArray()).toEqual([1, Math.E]);
    expect(pullback(ad.onesLike(value))[0].toArray()).toEqual([1, Math.E]);
    expect(pullback(f64([2, 0]))[0].toArray()).toEqual([2, 0]);
  });
  test("nests outputs and arguments", () => {
    const f = (p: { a: ad.Tensor }, b: ad.Tensor) => ({
      sum: ad.add(p.a, b),
      list: [ad.mul(p.a, b)],
    });
    const { value, pullback } = ad.vjp(f, { a: ad.tensor(2) }, ad.tensor(5));
    const [da, db] = pullback({ sum: ad.tensor(1), list: [ad.tensor(10)] });
    expect([value.list[0]!.item(), da.a.item(), db.item()]).toEqual([10, 51, 21]);
  });
  test("differentiates again inside grad", () => {
    const f = (x: ad.Tensor): ad.Tensor =>
      ad.vjp((y: ad.Tensor) => ad.pow(y, 3), x).pullback(ad.onesLike(x))[0];
    expect(ad.grad(f)(ad.tensor(2)).item()).toBe(12);
  });
  test("the identity and a constant pull back as they should", () => {
    const constant = ad.ones([1]);
    const { pullback } = ad.vjp((x: ad.Tensor) => [x, constant] as const, ad.tensor([4]));
    expect(pullback([ad.tensor([3]), ad.tensor([9])])[0].toArray()).toEqual([3]);
  });
  test("refuses gradients of other shapes than the value's", () => {
    const { pullback } = ad.vjp((x: ad.Tensor) => ad.exp(x), ad.zeros([2]));
    expectRefusal(
      "pullback",
      () => pullback(ad.ones([3])),
      "pullback: expected gradients of shapes [2], got [3].",
    );
  });
});

test("stopGradient passes the numbers and no gradient", () => {
  const f = (x: ad.Tensor): ad.Tensor => ad.mul(x, ad.stopGradient(x));
  const { value, grads } = ad.valueAndGrad(f)(ad.tensor(3));
  expect([value.item(), grads.item()]).toEqual([9, 3]);
});

test("recording is true inside grad and false around it", () => {
  const seen: boolean[] = [ad.recording()];
  ad.grad((x: ad.Tensor) => {
    seen.push(ad.recording());
    return x;
  })(ad.ones([]));
  expect([...seen, ad.recording()]).toEqual([false, true, false]);
});
