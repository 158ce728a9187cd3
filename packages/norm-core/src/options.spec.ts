import { OptionError } from "@evenkeel/autodiff";
import { expectRefusal } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import {
  axis,
  checkOptions,
  count,
  counts,
  flag,
  fractionOrNull,
  nonNegative,
  type OptionRule,
  oneOf,
} from "./options.ts";

interface Row {
  readonly rule: OptionRule<unknown>;
  readonly expected: string;
  readonly legal: readonly unknown[];
  readonly illegal: readonly (readonly [value: unknown, shown: string])[];
}

const rows: Readonly<Record<string, Row>> = {
  count: {
    rule: count(),
    expected: "a whole number >= 1",
    legal: [1, 64],
    illegal: [
      [0, "0"],
      [-1, "-1"],
      [1.5, "1.5"],
      [NaN, "NaN"],
      ["3", '"3"'],
      [null, "null"],
    ],
  },
  nonNegative: {
    rule: nonNegative(),
    expected: "a number >= 0",
    legal: [0, 1e-5, 7],
    illegal: [
      [-1e-5, "-0.00001"],
      [Infinity, "Infinity"],
      [NaN, "NaN"],
      ["0", '"0"'],
    ],
  },
  fractionOrNull: {
    rule: fractionOrNull(),
    expected: "a number from 0 to 1, or null for a cumulative average",
    legal: [null, 0, 0.1, 1],
    illegal: [
      [1.1, "1.1"],
      [-0.1, "-0.1"],
      [NaN, "NaN"],
      [true, "true"],
    ],
  },
  flag: {
    rule: flag(),
    expected: "true or false",
    legal: [true, false],
    illegal: [
      [0, "0"],
      ["true", '"true"'],
      [null, "null"],
    ],
  },
  axis: {
    rule: axis(),
    expected: "a whole number (an axis)",
    legal: [-1, 0, 3],
    illegal: [
      [0.5, "0.5"],
      [Infinity, "Infinity"],
      ["1", '"1"'],
    ],
  },
  oneOf: {
    rule: oneOf(["mean", "max"]),
    expected: '"mean" or "max"',
    legal: ["mean", "max"],
    illegal: [
      ["min", '"min"'],
      [0, "0"],
    ],
  },
  counts: {
    rule: counts(),
    expected: "a whole number >= 1 or a list of them",
    legal: [5, [5], [2, 3]],
    illegal: [
      [0, "0"],
      [[], "[]"],
      [[2, 0], "[2,0]"],
      [[1.5], "[1.5]"],
      ["ab", '"ab"'],
    ],
  },
};

for (const [name, { rule, expected, legal, illegal }] of Object.entries(rows)) {
  describe(name, () => {
    const check = (size: unknown): unknown => checkOptions("someNorm", { size }, { size: rule });
    test(`takes ${legal.map((v) => JSON.stringify(v)).join(", ")}`, () => {
      for (const value of legal) expect(check(value)).toEqual({ size: value });
    });
    test(`refuses ${illegal.map(([, shown]) => shown).join(", ")}, and says what it expects`, () => {
      for (const [value, shown] of illegal) {
        const message = `someNorm size: expected ${expected}, got ${shown}.`;
        expectRefusal(shown, () => check(value), message);
      }
    });
    test("must be given where it has no default", () => {
      const message = `someNorm size: expected ${expected}, got undefined.`;
      expectRefusal("a missing one", () => checkOptions("someNorm", {}, { size: rule }), message);
      expectRefusal("undefined", () => check(undefined), message);
    });
  });
}

describe("checkOptions", () => {
  interface Options {
    readonly numFeatures: number;
    readonly eps?: number;
    readonly momentum?: number | null;
    readonly affine?: boolean;
  }
  const rules = {
    numFeatures: count(),
    eps: nonNegative(1e-5),
    momentum: fractionOrNull(0.1),
    affine: flag(true),
  };
  const check = (given: Options): Required<Options> => checkOptions("batchNorm", given, rules);

  test("fills in defaults, also for undefined, and keeps what is given", () => {
    const filled = { numFeatures: 8, eps: 1e-5, momentum: 0.1, affine: true };
    expect(check({ numFeatures: 8 })).toEqual(filled);
    const nothing = { eps: undefined, affine: undefined } as unknown as Partial<Options>;
    expect(check({ numFeatures: 8, ...nothing })).toEqual(filled);
    const all = { numFeatures: 8, eps: 0, momentum: 0, affine: false };
    expect(check(all)).toEqual(all);
  });
  test("takes null for a value of its own, not for undefined", () => {
    expect(check({ numFeatures: 8, momentum: null }).momentum).toBeNull();
    const cumulative = checkOptions<{ momentum?: number | null }>(
      "batchNorm",
      {},
      { momentum: fractionOrNull(null) },
    );
    expect(cumulative.momentum).toBeNull();
  });
  test("takes a default that is false, 0, or a list", () => {
    const found = checkOptions<{ a?: boolean; b?: number; c?: number | readonly number[] }>(
      "someNorm",
      {},
      { a: flag(false), b: nonNegative(0), c: counts([2, 3]) },
    );
    expect(found).toEqual({ a: false, b: 0, c: [2, 3] });
  });
  test("refuses a name without a rule, and suggests the nearest", () => {
    const wrong = (options: object) => () => check({ numFeatures: 8, ...options });
    const words = "batchNorm: expected options among numFeatures, eps, momentum, affine, got";
    expectRefusal("a typo", wrong({ epz: 1 }), `${words} "epz". Did you mean eps?`);
    expectRefusal("another word", wrong({ somethingElse: 1 }), `${words} "somethingElse".`);
  });
  test("throws OptionErrors", () => {
    expect(() => check({ numFeatures: 0 })).toThrow(OptionError);
    expect(() => check({ numFeatures: 1, momentun: 0 } as Options)).toThrow(OptionError);
  });
});
