import { checkGradients, expectRefusal, opSuite, shapes, tensors } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import * as ad from "./index.ts";

/** The op of the documentation, as a user would write it. */
const cube = ad.defineOp<void>({
  name: "cube",
  shape: ([x]) => x!,
  kernel(out, [x]) {
    x!.data.forEach((v: number, i: number) => {
      out.data[i] = v ** 3;
    });
  },
  vjp: (g, _y, [x]) => [ad.mul(g, ad.mul(3, ad.square(x!)))],
});

describe("an op defined by a user", () => {
  const checks = opSuite({
    name: "cube",
    call: ([x]) => cube([x!], undefined),
    samples: tensors(shapes()).map((x) => ({ inputs: [x], params: undefined })),
    reference: ([x]) => ({ shape: x!.shape, data: x!.data.map((v) => v ** 3) }),
  });
  for (const { name, run } of checks) test(name, run);

  test("takes numbers, and shows its record", () => {
    expect(cube([2], undefined).item()).toBe(8);
    expect(cube.spec.name).toBe("cube");
  });
  test("refuses tensors of two dtypes by its own name", () => {
    const add3 = ad.defineOp<void>({
      name: "add3",
      shape: ([a]) => a!,
      kernel() {},
      vjp: () => [null, null],
    });
    const mixed = [ad.zeros([1], { dtype: "float64" }), ad.zeros([1])];
    expectRefusal(
      "mixed",
      () => add3(mixed, undefined),
      'add3: expected tensors of one dtype, got float64 and float32. Convert one with cast(x, "float64").',
    );
  });
  test("may hand back gradients of the broadcast shape: the sweep sums them", () => {
    const plus = ad.defineOp<void>({
      name: "plus",
      shape: ([a, b]) => ad.broadcastShapes("plus", a!, b!),
      kernel: (out, [a, b]) => out.data.set(ad.add(a!, b!).data),
      vjp: (g) => [g, g],
    });
    const f = (a: ad.Tensor, b: ad.Tensor): ad.Tensor => ad.sum(plus([a, b], undefined));
    const [da, db] = ad.grad(f, { argnums: [0, 1] })(ad.zeros([2, 1]), ad.zeros([3]));
    expect([da.toArray(), db.toArray()]).toEqual([
      [[3], [3]],
      [2, 2, 2],
    ]);
  });
  test("is told which gradients are wanted", () => {
    const asked: (readonly boolean[])[] = [];
    const spy = ad.defineOp<void>({
      name: "spy",
      shape: ([a]) => a!,
      kernel: (out) => out.data.fill(1),
      vjp(g, _y, _x, _p, needs) {
        asked.push(needs);
        return [g, null];
      },
    });
    const other = ad.ones([]);
    ad.grad((x: ad.Tensor) => spy([x, other], undefined))(ad.ones([]));
    expect(asked).toEqual([[true, false]]);
  });
  test("gets its parameters in kernel and vjp", () => {
    const scale = ad.defineOp<{ by: number }>({
      name: "scale",
      shape: ([x]) => x!,
      kernel: (out, [x], { by }) => {
        x!.data.forEach((v: number, i: number) => {
          out.data[i] = v * by;
        });
      },
      vjp: (g, _y, _x, { by }) => [ad.mul(g, by)],
    });
    const y = ad.valueAndGrad((x: ad.Tensor) => scale([x], { by: 3 }))(ad.tensor(2));
    expect([y.value.item(), y.grads.item()]).toEqual([6, 3]);
  });
});

describe("customGrad", () => {
  const straight = ad.customGrad("straight", (x) => ({ value: ad.sign(x!), vjp: (g) => [g] }));
  test("gives a function the gradient it asks for", () => {
    const f = (x: ad.Tensor): ad.Tensor => ad.sum(ad.mul(straight(x), 2));
    const { value, grads } = ad.valueAndGrad(f)(ad.tensor([-3, 5]));
    expect([value.item(), grads.toArray()]).toEqual([0, [2, 2]]);
  });
  test("is refused by checkGradients where the gradient is not the function's", () => {
    const at = ad.tensor([0.5, -1], { dtype: "float64" });
    expect(() => checkGradients((x) => straight(x), at)).toThrow("checkGradients, order 1");
  });
  test("differentiates again through what its vjp makes of the inputs", () => {
    const square = ad.customGrad("mySquare", (x) => ({
      value: ad.mul(x!, x!),
      vjp: (g, [again]) => [ad.mul(g, ad.mul(2, again!))],
    }));
    const at = ad.random(1).normal([3], { dtype: "float64" });
    const figures = checkGradients((x) => ad.mul(square(x), x), at, { order: 3 });
    expect(figures.map((f) => f.verdict)).toEqual(["right", "right", "right"]);
  });
  test("null is no gradient, and needs says which are wanted", () => {
    const asked: (readonly boolean[])[] = [];
    const first = ad.customGrad("first", (a) => ({
      value: ad.mul(a!, 1),
      vjp(g, _inputs, needs) {
        asked.push(needs);
        return [g, null];
      },
    }));
    const f = (a: ad.Tensor, b: ad.Tensor): ad.Tensor => first(a, b);
    const [da, db] = ad.grad(f, { argnums: [0, 1] })(ad.ones([]), ad.ones([]));
    expect([da.item(), db.item(), asked]).toEqual([1, 0, [[true, true]]]);
  });
  test("its forward run leaves nothing on the tape, gradients inside it included", () => {
    const inner = ad.customGrad("inner", (x) => {
      const slope = ad.grad((t: ad.Tensor) => ad.sum(ad.exp(t)))(x!);
      return { value: ad.mul(slope, x!), vjp: (g) => [ad.mul(g, 7)] };
    });
    const g = ad.grad((x: ad.Tensor) => ad.sum(inner(x)))(ad.zeros([2]));
    expect(g.toArray()).toEqual([7, 7]);
  });
});

describe("backends", () => {
  const half: ad.Backend = { ...ad.cpu, name: "half", dtypes: ["float32"], fallbacks: new Map() };
  test("a dtype that the current backend lacks runs on the CPU", () => {
    ad.useBackend({ ...half, run: () => expect.unreachable("float64 ran on a float32 backend") });
    try {
      expect(ad.add(ad.ones([1], { dtype: "float64" }), 1).item()).toBe(2);
    } finally {
      ad.useBackend(ad.cpu);
    }
  });
  test("useBackend decides what runs, and currentBackend says which it is", () => {
    const ran: string[] = [];
    const run: ad.Backend["run"] = (spec, ...rest) => {
      ran.push(spec.name);
      ad.cpu.run(spec, ...rest);
    };
    ad.useBackend({ ...half, run });
    try {
      expect(ad.currentBackend().name).toBe("half");
      ad.exp(ad.ones([1]));
    } finally {
      ad.useBackend(ad.cpu);
    }
    expect(ran).toEqual(["exp"]);
  });
  test("memory that a backend cannot read is moved once, and given back", () => {
    const far: ad.Backend = {
      ...half,
      name: "far",
      reads: (storage) => storage.backend === far,
      allocate(dtype, size) {
        const data = dtype === "float64" ? new Float64Array(size) : new Float32Array(size);
        return {
          backend: far,
          users: 1,
          data,
          read: async () => data.slice(),
          write: (from) => data.set(from),
          fill: (value) => void data.fill(value),
        };
      },
      free() {},
    };
    const x = ad.full([23_456], 3);
    const before = x.data;
    ad.useBackend(far);
    try {
      ad.exp(x);
    } finally {
      ad.useBackend(ad.cpu);
    }
    const moved = x.data;
    expect(moved).not.toBe(before);
    expect(moved[23_455]).toBe(3);
    expect(ad.full([23_456], 4).data).toBe(before);
  });
});
