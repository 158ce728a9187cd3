import {
  abs,
  add,
  broadcastTo,
  cast,
  cpu,
  div,
  equal,
  greater,
  less,
  maximum,
  minimum,
  mul,
  neg,
  reciprocal,
  relu,
  reshape,
  rsqrt,
  sign,
  slice,
  sqrt,
  square,
  sub,
  type Tensor,
  tensor,
  useBackend,
  vjp,
  where,
  zeros,
} from "@evenkeel/autodiff";
import {
  broadcastTensors,
  expectClose,
  forAll,
  product,
  sameBits,
  shapes,
  tensors,
  tolerances,
} from "@evenkeel/testkit";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type WasmBackend, wasm } from "./backend.ts";

let backend: WasmBackend;
beforeEach(() => {
  backend = wasm();
  useBackend(backend);
});
afterEach(() => useBackend(cpu));

/** The same computation by the plain kernels. */
function plain<T>(f: () => T): T {
  useBackend(cpu);
  try {
    return f();
  } finally {
    useBackend(backend);
  }
}

function expectSame(f: () => Tensor): void {
  const got = f();
  const expected = plain(f);
  expect(got.shape).toEqual(expected.shape);
  if (!sameBits(got, expected)) expect([...got.data]).toEqual([...expected.data]);
}

const float32 = { dtype: "float32" } as const;
/** Up to three axes need no loop outside the kernel; `deep` ones may. */
const sizes = { maxRank: 3, maxSide: 11 };
const deep = { maxRank: 6, maxSide: 3 };
/** g where x is positive. */
const gate = (g: Tensor, x: Tensor): Tensor => vjp(relu, x).pullback(g)[0]!;

const arithmetic = { add, sub, mul, div };
const binary = { ...arithmetic, maximum, minimum, less, greater, equal };
const unary = { relu, neg, square, abs, sign, sqrt, reciprocal, rsqrt };
const special = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 1e-40, 3e38, 2.5];
const pairs = product({ a: special, b: special });
const specialA = (): Tensor => tensor(pairs.map(({ a }) => a));
const specialB = (): Tensor => tensor(pairs.map(({ b }) => b));

describe("elementwise kernels", () => {
  for (const [name, op] of Object.entries(binary)) {
    test(`${name} gives the plain kernel's bits in every broadcast`, () => {
      forAll(broadcastTensors([float32, float32], sizes), ([a, b]) => {
        expectSame(() => op(a!, b!));
      });
      expect(backend.fallbacks.get(name)).toBeUndefined();
    });
    test(`${name} gives the plain kernel's bits for NaN, infinities and zeros`, () => {
      expectSame(() => op(specialA(), specialB()));
    });
    test(`${name} walks any number of axes that do not join`, () => {
      const side = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => i - 2);
      const a = tensor(side(36), { shape: [2, 1, 3, 1, 2, 3] });
      const b = tensor(side(12), { shape: [1, 2, 1, 3, 2, 1] });
      expectSame(() => op(a, b));
      expect([...backend.fallbacks]).toEqual([]);
    });
    test(`${name} of nothing is nothing`, () => {
      expectSame(() => op(zeros([0, 3]), zeros([3])));
      expectSame(() => op(zeros([2, 0]), 1));
    });
    test(`${name} takes a scalar on either side`, () => {
      forAll(tensors(shapes({ maxRank: 1, minRank: 1, maxSide: 19 }), float32), (x) => {
        expectSame(() => op(x, 1.5));
        expectSame(() => op(1.5, x));
      });
    });
  }

  test("the gate gives the plain kernel's bits, NaN included", () => {
    expectSame(() => gate(specialA(), specialB()));
    forAll(tensors(shapes(sizes), float32), (x) => expectSame(() => gate(neg(x), x)));
    expect(backend.fallbacks.get("gate")).toBeUndefined();
  });

  test("one number per channel over images, and a trailing vector over rows", () => {
    const side = fc.integer({ min: 1, max: 9 });
    const images = fc.tuple(side, side, side, side).chain(([n, c, h, w]) =>
      fc.tuple(
        tensors([n, c, h, w], float32),
        fc
          .constantFrom([1, c, 1, 1], [c, 1, 1], [w], [n, 1, 1, 1])
          .chain((s) => tensors(s, float32)),
      ),
    );
    forAll(images, ([x, y]) => {
      expectSame(() => mul(x, y));
      expectSame(() => sub(y, x));
    });
    expect([...backend.fallbacks]).toEqual([]);
  });

  test("views of any length are read from where they begin", () => {
    forAll(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 })), ([n, k]) => {
      const x = tensor(
        Float32Array.from({ length: (n + 2) * k }, (_, i) => i / 3),
        {
          shape: [n + 2, k],
        },
      );
      const view = (): Tensor => reshape(slice(x, [1], [n + 1]), [k, n]);
      expectSame(() => add(view(), 1));
      expectSame(() => relu(sub(view(), 2)));
    });
    expect([...backend.fallbacks]).toEqual([]);
  });
});

describe("float64", () => {
  const f64 = (t: Tensor): Tensor => cast(t, "float64");
  test("ops of two inputs give the plain kernel's bits in every broadcast", () => {
    forAll(broadcastTensors([{}, {}], sizes), ([a, b]) => {
      for (const op of Object.values(binary)) expectSame(() => op(a!, b!));
      expectSame(() => gate(b!, b!));
      expectSame(() => where(relu(a!), b!, a!));
    });
    for (const op of Object.values(binary)) expectSame(() => op(f64(specialA()), f64(specialB())));
    expectSame(() => where(f64(specialA()), f64(specialB()), 7));
    expect([...backend.fallbacks]).toEqual([]);
  });
  test("functions of one input give the plain kernel's bits", () => {
    const wide = tensor(Float64Array.from([...special, 4, 1e-320, 1e308]));
    forAll(tensors(shapes(sizes), { min: 0.01 }), (x) => {
      for (const op of Object.values(unary)) {
        expectSame(() => op(x));
        expectSame(() => op(neg(x)));
        expectSame(() => op(wide));
      }
    });
    expect([...backend.fallbacks]).toEqual([]);
  });
});

describe("functions of one input", () => {
  for (const [name, op] of Object.entries(unary)) {
    test(`${name} agrees with the plain kernel`, () => {
      const positive = ["sqrt", "rsqrt"].includes(name) ? { min: 0.01 } : {};
      forAll(tensors(shapes(sizes), { ...float32, ...positive }), (x) => {
        if (name !== "rsqrt") expectSame(() => op(x));
        else
          expectClose(
            name,
            op(x),
            plain(() => op(x)),
            tolerances.backends["wasm"]!.output,
          );
      });
      expect(backend.fallbacks.get(name)).toBeUndefined();
    });
    test(`${name} gives the plain kernel's bits for NaN, infinities and zeros`, () => {
      const all = name === "rsqrt" ? special.filter((v) => v !== 1e-40 && v < 3e38) : special;
      expectSame(() => op(tensor([...all, 4])));
    });
  }
});

describe("where", () => {
  const domains = [float32, float32, float32];
  test("gives the plain kernel's bits in every broadcast", () => {
    forAll(broadcastTensors(domains, sizes), ([c, a, b]) => {
      expectSame(() => where(relu(c!), a!, b!));
    });
    expect(backend.fallbacks.get("where")).toBeUndefined();
  });
  test("takes any condition but 0 and −0 for true", () => {
    expectSame(() => where(specialA(), specialB(), 7));
  });
});

describe("broadcastTo", () => {
  test("repeats a number, runs and whole arrays, in both dtypes", () => {
    const kinds = [float32, {}].map((kind) => broadcastTensors([kind, kind], deep));
    forAll(fc.oneof(...kinds, broadcastTensors([float32, float32], sizes)), ([x, y]) => {
      const shape = plain(() => add(x!, y!)).shape;
      expectSame(() => broadcastTo(x!, shape));
    });
    expect([...backend.fallbacks]).toEqual([]);
  });
});

describe("cast", () => {
  test("gives the plain kernel's bits both ways", () => {
    const lengths = fc.integer({ min: 1, max: 21 }).chain((n) => tensors([n]));
    forAll(lengths, (x) => {
      expectSame(() => cast(x, "float32"));
      expectSame(() => cast(cast(x, "float32"), "float64"));
    });
    expectSame(() => cast(cast(specialA(), "float64"), "float32"));
    expect(backend.fallbacks.get("cast")).toBeUndefined();
  });
});
