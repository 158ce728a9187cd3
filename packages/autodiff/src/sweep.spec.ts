import { checkGradients } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import * as ad from "./index.ts";

afterEach(() => ad.useBackend(ad.cpu));

/** The ops whose result has as many elements as x, in order. */
function passes(x: ad.Tensor, f: (x: ad.Tensor) => ad.Tensor): string[] {
  const names: string[] = [];
  ad.useBackend({
    ...ad.cpu,
    run(spec, out, inputs, params) {
      if (out.size === x.size) names.push(spec.name);
      ad.cpu.run(spec, out, inputs, params);
    },
  });
  ad.grad(f)(x);
  ad.useBackend(ad.cpu);
  return names;
}

const f64 = { dtype: "float64" } as const;

describe("a gradient that is the same for many elements is written out only where it must be", () => {
  const x = ad.random(1).normal([2, 3, 4]);
  const g = ad.random(2).normal([2, 3, 4]);
  test.each<[string, (x: ad.Tensor) => ad.Tensor, string[]]>([
    ["a sum of products", (t) => ad.sum(ad.mul(t, g)), ["mul", "mul"]],
    ["a mean of squares", (t) => ad.mean(ad.square(t)), ["square", "mul"]],
    [
      "means over some axes",
      (t) => ad.sum(ad.mean(ad.mul(t, g), { axes: [0, 2], keepDims: true })),
      ["mul", "mul"],
    ],
    ["a sum over some axes", (t) => ad.sum(ad.sum(ad.mul(t, g), { axes: 1 })), ["mul", "mul"]],
    ["a gradient that is handed out", (t) => ad.sum(ad.add(t, g)), ["add", "broadcastTo"]],
    [
      "an op that is not elementwise",
      (t) => ad.sum(ad.transpose(t)),
      ["transpose", "broadcastTo", "transpose"],
    ],
  ])("%s", (_, f, expected) => expect(passes(x, f)).toEqual(expected));
});

describe("gradients of sums count what was broadcast", () => {
  const x = ad.tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const row = ad.tensor([10, 20, 30]);
  test("a row that was added to every row", () => {
    const f = (t: ad.Tensor, r: ad.Tensor): ad.Tensor => ad.sum(ad.add(t, r));
    const [dt, dr] = ad.grad(f, { argnums: [0, 1] })(x, row);
    expect([dt.toArray(), dr.toArray()]).toEqual([
      [
        [1, 1, 1],
        [1, 1, 1],
      ],
      [2, 2, 2],
    ]);
  });
  test("the same row where nothing else is differentiated", () => {
    const f = (r: ad.Tensor): ad.Tensor => ad.sum(ad.sub(x, r));
    expect(ad.grad(f)(row).toArray()).toEqual([-2, -2, -2]);
  });
  test("a number, and axes of size 1 on both sides", () => {
    const f = (s: ad.Tensor, c: ad.Tensor, r: ad.Tensor): ad.Tensor =>
      ad.sum(ad.mul(s, ad.add(c, r)));
    const column = ad.tensor([[1], [2]]);
    const [ds, dc, dr] = ad.grad(f, { argnums: [0, 1, 2] })(ad.tensor(3), column, row);
    expect([ds.item(), dc.toArray(), dr.toArray()]).toEqual([129, [[9], [9]], [6, 6, 6]]);
  });
  test("a condition's branches", () => {
    const f = (a: ad.Tensor, b: ad.Tensor): ad.Tensor => ad.sum(ad.where(ad.less(x, 4), a, b));
    const [da, db] = ad.grad(f, { argnums: [0, 1] })(ad.tensor(0), row);
    expect([da.item(), db.toArray()]).toEqual([3, [1, 1, 1]]);
  });
});

describe("small and full gradients of one tensor", () => {
  const x = ad.random(3).normal([2, 3], f64);
  const square = (t: ad.Tensor): ad.Tensor => ad.mul(t, t);
  test.each<[string, (x: ad.Tensor) => ad.Tensor]>([
    ["a sum and a sum of squares", (t) => ad.add(ad.sum(t), ad.sum(square(t)))],
    [
      "sums over one axis and over the other",
      (t) => {
        const columns = ad.sum(square(t), { axes: 0, keepDims: true });
        const rows = ad.sum(square(t), { axes: 1, keepDims: true });
        return ad.sum(ad.mul(columns, rows));
      },
    ],
    ["a quotient by a mean", (t) => ad.sum(ad.div(t, ad.add(2, ad.mean(square(t)))))],
    ["a sum through reshape and tanh", (t) => ad.sum(ad.tanh(ad.reshape(ad.exp(t), [6])))],
    ["a largest element per row", (t) => ad.sum(square(ad.max(t, { axes: 1 })))],
  ])("add up and differentiate again: %s", (_, f) => {
    expect(ad.grad(f)(x).shape).toEqual(x.shape);
    checkGradients(f, x, { order: 3 });
  });
});

test("a rule sees a gradient of its result's shape, unless the op is elementwise", () => {
  const seen: (readonly number[])[] = [];
  const spec: ad.OpSpec<void> = {
    name: "probe",
    shape: ([x]) => x!,
    kernel: (out, [x]) => out.data.set(x!.data),
    vjp(g) {
      seen.push(g.shape);
      return [g];
    },
  };
  const [probe, each] = [ad.defineOp(spec), ad.defineOp({ ...spec, scalar: (v) => v! })];
  const f = (x: ad.Tensor): ad.Tensor => ad.sum(each([probe([x])]));
  expect(ad.grad(f)(ad.ones([2, 3])).shape).toEqual([2, 3]);
  expect(seen).toEqual([[], [2, 3]]);
});

test("an inner gradient leaves the outer one's tape as it was", () => {
  const f = (x: ad.Tensor): ad.Tensor => {
    const early = ad.mul(x, x);
    const { value, pullback } = ad.vjp((y: ad.Tensor) => ad.mul(early, ad.mul(y, y)), x);
    const late = ad.mul(value, x);
    return ad.add(late, pullback(ad.ones([]))[0]);
  };
  // x⁵ + 2x³
  expect(ad.grad(f)(ad.tensor(2)).item()).toBe(5 * 16 + 6 * 4);
});

test("a block of small tensors is used again, step after step", () => {
  const x = ad.random(4).normal([7, 11]);
  const step = ad.grad((t: ad.Tensor) => ad.mean(ad.square(ad.relu(t))));
  const fresh = new Set<unknown>();
  ad.useBackend({
    ...ad.cpu,
    allocate(dtype, size) {
      const block = ad.cpu.allocate(dtype, size);
      fresh.add(block);
      return block;
    },
  });
  const blocksAfter = (steps: number): number => {
    for (let i = 0; i < steps; i++) ad.release(step(x));
    return fresh.size;
  };
  expect(blocksAfter(30)).toBe(blocksAfter(3));
});
