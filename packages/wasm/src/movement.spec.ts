import {
  broadcastTo,
  concat,
  cpu,
  type DType,
  gather,
  pad,
  random,
  type Shape,
  scatterAdd,
  slice,
  type Tensor,
  tensor,
  transpose,
  useBackend,
} from "@evenkeel/autodiff";
import { forAll, seeds, shapes } from "@evenkeel/testkit";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type WasmBackend, wasm } from "./backend.ts";

let backend: WasmBackend;
beforeEach(() => {
  backend = wasm();
  useBackend(backend);
});
afterEach(() => useBackend(cpu));

/** The plain kernel gives the same bits, and no other ran for us. */
function expectSame(f: () => Tensor): void {
  const got = f();
  useBackend(cpu);
  const expected = f();
  useBackend(backend);
  expect(got.shape).toEqual(expected.shape);
  expect(got.data).toEqual(expected.data);
  expect([...backend.fallbacks]).toEqual([]);
}

const dtypes = fc.constantFrom<DType>("float32", "float64");
/** Of many short axes or a few long ones, some of them empty. */
const anyShape = fc.oneof(
  shapes({ minRank: 1, maxRank: 7, maxSide: 3 }),
  shapes({ minRank: 1, maxRank: 3, minSide: 0, maxSide: 40 }),
);
const problems = fc.record({ shape: anyShape, dtype: dtypes, seed: seeds() });
type Problem = { readonly shape: Shape; readonly dtype: DType; readonly seed: number };

function forEvery(check: (x: Tensor, draw: (below: number) => number) => void): void {
  forAll(problems, ({ shape, dtype, seed }: Problem) => {
    const stream = random(seed);
    check(stream.normal(shape, { dtype }), (below) => stream.integer(below));
  });
}

describe("movement kernels", () => {
  test("transpose any axes of any rank", () => {
    forEvery((x, draw) => {
      const order = [...random(draw(1000)).permutation(x.rank)];
      expectSame(() => transpose(x, order));
    });
  });

  test("transpose matrices of every size, and planes between other axes", () => {
    for (let rows = 1; rows < 21; rows++) {
      for (let columns = 1; columns < 21; columns++) {
        expectSame(() => transpose(random(1).normal([rows, columns])));
      }
    }
    const x = random(2).normal([3, 5, 6, 7, 2]);
    expectSame(() => transpose(x, [0, 2, 3, 1, 4]));
    expectSame(() => transpose(x, [3, 0, 4, 2, 1]));
  });

  test("cut, pad and join any boxes", () => {
    forEvery((x, draw) => {
      const begin = x.shape.map((n) => draw(n + 1));
      const end = x.shape.map((n, i) => begin[i]! + draw(n - begin[i]! + 1));
      expectSame(() => slice(x, begin, end));
      const sides = x.shape.map(() => [draw(3), draw(3)]);
      expectSame(() => pad(x, sides));
      const axis = draw(x.rank);
      expectSame(() =>
        concat(
          [
            x,
            slice(
              x,
              begin.map((b, i) => (i === axis ? b : 0)),
            ),
            x,
          ],
          axis,
        ),
      );
    });
  });

  test("repeat along any axes", () => {
    forEvery((x, draw) => {
      const kept = x.shape.map(() => draw(2) === 1);
      const y = slice(
        x,
        [],
        x.shape.map((n, i) => (kept[i] ? n : Math.min(n, 1))),
      );
      expectSame(() => broadcastTo(y, [2, ...x.shape]));
    });
  });

  test("take 0 bits, NaN and infinities as they are", () => {
    const x = tensor([-0, Number.NaN, Infinity, 1e-45, -Infinity, 0], { shape: [2, 3] });
    expect([...transpose(x).data]).toEqual(
      [-0, 1e-45, NaN, -Infinity, Infinity, 0].map(Math.fround),
    );
  });
});

describe("gather and scatterAdd", () => {
  test("pick and add slices along any axis, by indices of either dtype", () => {
    forEvery((x, draw) => {
      const axis = draw(x.rank);
      const n = x.shape[axis]!;
      const ids = Array.from({ length: n === 0 ? 0 : draw(9) }, () => draw(n));
      expectSame(() => gather(x, ids, { axis }));
      expectSame(() => gather(x, tensor(Float64Array.from(ids)), { axis }));
      expectSame(() => gather(x, tensor(ids), { axis }));
      const places = Array.from({ length: n }, () => draw(5));
      expectSame(() => scatterAdd(x, places, 5, { axis }));
    });
  });
});
