import { describe, expect, test } from "vitest";
import * as ad from "./index.ts";

const gone =
  "data: expected a tensor that is still in memory, got one of shape [2] that was released. " +
  "Return it from the function given to grad, valueAndGrad or scope, or keep() it there; " +
  "read a parameter's value anew at every step.";

describe("scope", () => {
  test("releases what it does not return, and says what to do when that is read", async () => {
    let lost = ad.zeros([2]);
    const kept = ad.scope(() => {
      lost = ad.ones([2]);
      return ad.add(lost, 1);
    });
    expect(kept.toArray()).toEqual([2, 2]);
    expect(() => lost.data).toThrow(gone);
    expect(() => lost.data).toThrow(ad.ReleasedError);
    expect(() => ad.add(lost, 1)).toThrow(gone.replace("data:", "add:"));
    await expect(lost.read()).rejects.toThrow(gone.replace("data:", "read:"));
  });
  test("keeps tensors in returned arrays and records", () => {
    const { list } = ad.scope(() => ({ list: [ad.ones([1]), { x: ad.ones([2]) }] as const }));
    expect(list[1].x.toArray()).toEqual([1, 1]);
  });
  test("keeps what keep marks, through every scope around it", () => {
    let marked = ad.zeros([1]);
    ad.scope(() => {
      ad.scope(() => {
        marked = ad.keep({ t: ad.full([1], 5) }).t;
      });
    });
    expect(marked.item()).toBe(5);
  });
  test("hands what an inner scope returns to the outer one", () => {
    let inner = ad.zeros([2]);
    ad.scope(() => {
      inner = ad.scope(() => ad.ones([2]));
      expect(inner.toArray()).toEqual([1, 1]);
    });
    expect(() => inner.data).toThrow(gone);
  });
  test("leaves tensors made outside alone", () => {
    const x = ad.ones([2]);
    ad.scope(() => ad.release(ad.add(x, 1)));
    expect(x.toArray()).toEqual([1, 1]);
  });
  test("releases everything when the function throws, and the next scope is sound", () => {
    let lost = ad.zeros([2]);
    const run = (): never =>
      ad.scope(() => {
        lost = ad.ones([2]);
        throw new Error("stop");
      });
    expect(run).toThrow("stop");
    expect(() => lost.data).toThrow(gone);
    expect(ad.scope(() => ad.ones([1])).item()).toBe(1);
  });
  test("refuses an asynchronous function", () => {
    expect(() => ad.scope(async () => ad.ones([1]))).toThrow(
      "scope: expected a synchronous function, got a Promise. Await outside: memory is given back when the function returns.",
    );
  });
  test("memory that was given back is used again", () => {
    const before = ad.scope(() => ad.full([12_345], 1).data);
    const after = ad.full([12_345], 2);
    expect(after.data).toBe(before);
  });
});

describe("views", () => {
  test("outlive the tensor they are a view of", () => {
    const view = ad.scope(() => ad.reshape(ad.tensor([1, 2, 3, 4]), [2, 2]));
    expect(view.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
  test("give memory back when the last of them is released", () => {
    const x = ad.full([54_321], 1);
    const view = ad.reshape(x, [54_321, 1]);
    const memory = x.data;
    ad.release(x);
    expect(ad.full([54_321], 2).data).not.toBe(memory);
    ad.release(view);
    expect(ad.full([54_321], 3).data).toBe(memory);
  });
});

describe("release", () => {
  test("twice is harmless", () => {
    const x = ad.ones([777]);
    ad.release(x);
    ad.release(x);
    const [a, b] = [ad.ones([777]), ad.zeros([777])];
    expect(a.data).not.toBe(b.data);
    expect(() => x.data).toThrow(ad.ReleasedError);
  });
});

describe("grad as a scope", () => {
  test("releases what the function made, except value, gradients and aux", () => {
    const made: ad.Tensor[] = [];
    const f = (x: ad.Tensor): [ad.Tensor, { twice: ad.Tensor }] => {
      const twice = ad.mul(x, 2);
      const squared = ad.square(x);
      made.push(twice, squared);
      return [ad.sum(squared), { twice }];
    };
    const { value, grads, aux } = ad.valueAndGrad(f, { hasAux: true })(ad.tensor([1, 3]));
    expect([value.item(), grads.toArray(), aux.twice.toArray()]).toEqual([10, [2, 6], [2, 6]]);
    expect(() => made[1]!.data).toThrow(ad.ReleasedError);
  });
  test("a scope inside a recording gives back nothing too early", () => {
    const f = (x: ad.Tensor): ad.Tensor => ad.scope(() => ad.sum(ad.exp(ad.square(x))));
    expect(
      ad
        .grad(f)(ad.tensor([0.5], { dtype: "float64" }))
        .item(),
    ).toBe(Math.exp(0.25));
  });
  test("an argument that is returned as aux stays readable", () => {
    const x = ad.tensor([2]);
    const { aux } = ad.valueAndGrad((t: ad.Tensor) => [ad.sum(t), t] as const, { hasAux: true })(x);
    expect([aux.toArray(), x.toArray()]).toEqual([[2], [2]]);
  });
  test("repeated steps need no more memory than the first ones", () => {
    const step = ad.grad((x: ad.Tensor) => ad.mean(ad.square(ad.add(x, 1))));
    const x = ad.ones([4_321]);
    const buffers = new Set<unknown>();
    for (let i = 0; i < 20; i++) {
      const g = step(x);
      buffers.add(g.data);
      ad.release(g);
    }
    expect(buffers.size).toBeLessThan(6);
  });
});
