import { random } from "@evenkeel/autodiff";
import { expectClose, forAll, tolerances } from "@evenkeel/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ComplexMatrix, complexMatrix, singularValues, svd } from "./svd.ts";

function drawn(rows: number, columns: number, seed: number, real = false): ComplexMatrix {
  const stream = random(seed);
  const a = complexMatrix(rows, columns);
  for (let i = 0; i < a.re.length; i++) {
    a.re[i] = stream.gaussian();
    if (!real) a.im[i] = stream.gaussian();
  }
  return a;
}

/** A·diag(weights)·Bᴴ, by the definition. */
function product(a: ComplexMatrix, weights: ArrayLike<number>, b: ComplexMatrix): ComplexMatrix {
  const out = complexMatrix(a.rows, b.rows);
  for (let j = 0; j < b.rows; j++) {
    for (let i = 0; i < a.rows; i++) {
      for (let k = 0; k < a.columns; k++) {
        const [x, y] = [k * a.rows + i, k * b.rows + j];
        const [re, im] = [a.re[x]!, a.im[x]!];
        out.re[j * a.rows + i]! += weights[k]! * (re * b.re[y]! + im * b.im[y]!);
        out.im[j * a.rows + i]! += weights[k]! * (im * b.re[y]! - re * b.im[y]!);
      }
    }
  }
  return out;
}

/** The columns as rows: Vᴴ, so that `product` of it with itself is Vᴴ·V. */
function adjoint(a: ComplexMatrix): ComplexMatrix {
  const identity = complexMatrix(a.rows, a.rows);
  for (let i = 0; i < a.rows; i++) identity.re[i * a.rows + i] = 1;
  const out = complexMatrix(a.columns, a.rows);
  for (let j = 0; j < a.columns; j++) {
    for (let i = 0; i < a.rows; i++) {
      out.re[i * a.columns + j] = a.re[j * a.rows + i]!;
      out.im[i * a.columns + j] = -a.im[j * a.rows + i]!;
    }
  }
  return out;
}

function expectSame(where: string, got: ComplexMatrix, expected: ComplexMatrix): void {
  const shape = [expected.columns, expected.rows];
  for (const part of ["re", "im"] as const) {
    const numbers = (m: ComplexMatrix) => ({ shape: [m.columns, m.rows], data: m[part] });
    expect(numbers(got).shape).toEqual(shape);
    expectClose(`${where} ${part}`, numbers(got), numbers(expected), tolerances.reference);
  }
}

const unit = (n: number): ComplexMatrix => {
  const out = complexMatrix(n, n);
  for (let i = 0; i < n; i++) out.re[i * n + i] = 1;
  return out;
};
const ones = (n: number): number[] => Array.from({ length: n }, () => 1);

const matrices = fc.record({
  rows: fc.integer({ min: 1, max: 7 }),
  columns: fc.integer({ min: 1, max: 7 }),
  seed: fc.nat(),
  real: fc.boolean(),
});

describe("svd", () => {
  test("U·diag(values)·Vᴴ is the matrix, real or complex, tall or wide", () => {
    forAll(matrices, ({ rows, columns, seed, real }) => {
      const a = drawn(rows, columns, seed, real);
      const { u, values, v } = svd(a);
      expect(values).toHaveLength(Math.min(rows, columns));
      expectSame("reconstruction", product(u, values, v), a);
    });
  });

  test("the columns of U and of V are orthonormal", () => {
    forAll(matrices, ({ rows, columns, seed, real }) => {
      const { u, values, v } = svd(drawn(rows, columns, seed, real));
      for (const [name, side] of Object.entries({ u, v })) {
        const rowsOf = adjoint(side);
        expectSame(name, product(rowsOf, ones(side.rows), rowsOf), unit(values.length));
      }
    });
  });

  test("values descend, and are those of singularValues", () => {
    forAll(matrices, ({ rows, columns, seed }) => {
      const a = drawn(rows, columns, seed);
      const { values } = svd(a);
      expect([...values].sort((x, y) => y - x)).toEqual([...values]);
      const shape = [values.length];
      const alone = { shape, data: singularValues(a) };
      expectClose("values", alone, { shape, data: values }, tolerances.reference);
    });
  });

  test("of a matrix of rank 1 has one value, and reconstructs it", () => {
    const a = product(drawn(5, 1, 1), [1], drawn(3, 1, 2));
    const { u, values, v } = svd(a);
    const squares = a.re.reduce((sum, x, i) => sum + x ** 2 + a.im[i]! ** 2, 0);
    const expected = { shape: [3], data: [Math.sqrt(squares), 0, 0] };
    expectClose("values", { shape: [3], data: values }, expected, tolerances.reference);
    expectSame("reconstruction", product(u, values, v), a);
  });

  test("of zeros is zeros", () => {
    const { values, u } = svd(complexMatrix(3, 2));
    expect([...values, ...u.re, ...u.im].every((x) => x === 0)).toBe(true);
  });

  test("neither overflows nor loses small numbers", () => {
    for (const size of [1e-300, 1e-200, 1e200, 1e307]) {
      const a = complexMatrix(2, 2);
      // Columns (3, 4) and (−8, 6): orthogonal, of lengths 5 and 10.
      a.re.set([3 * size, 4 * size, -8 * size, 6 * size]);
      const values = { shape: [2], data: singularValues(a).map((x) => x / size) };
      const expected = { shape: [2], data: [10, 5] };
      expectClose(`${size}`, values, expected, tolerances.reference);
    }
  });

  test("refuses entries that are not finite", () => {
    const a = complexMatrix(2, 2);
    a.im[3] = Number.NaN;
    expect(() => svd(a)).toThrow("svd: expected finite entries, got NaN.");
    a.im[3] = Infinity;
    expect(() => singularValues(a)).toThrow("svd: expected finite entries, got Infinity.");
  });
});
