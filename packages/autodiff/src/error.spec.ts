import { describe, expect, test } from "vitest";
import { EvenkeelError, fail, nearest, OptionError, ShapeError, show } from "./index.ts";

describe("fail", () => {
  const detail = { where: "add", expected: "one thing", got: "another", hint: "Do this." };
  test("says who, what was expected, what came and what to do, and keeps the parts", () => {
    const call = (): never => fail(detail, ShapeError);
    expect(call).toThrow("add: expected one thing, got another. Do this.");
    try {
      call();
    } catch (error) {
      expect(error).toBeInstanceOf(EvenkeelError);
      expect((error as ShapeError).name).toBe("ShapeError");
      expect((error as ShapeError).detail).toEqual(detail);
    }
  });
  test("ends after the second part where there is nothing to do, and is an EvenkeelError by default", () => {
    const call = (): never => fail({ where: "f", expected: "x", got: "y" });
    expect(call).toThrow(new EvenkeelError({ where: "f", expected: "x", got: "y" }));
    expect(call).not.toThrow("undefined");
  });
});

test.each([
  ["text", '"text"'],
  [undefined, "undefined"],
  [Number.NaN, "NaN"],
  [10n, "10"],
  [{ a: [1, 2] }, '{"a":[1,2]}'],
  [() => 1, "a function"],
  [Promise.resolve(), "a Promise"],
  [
    Array.from({ length: 40 }, (_, i) => i),
    "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,...",
  ],
])("show(%s) is %s", (value, text) => {
  expect(show(value)).toBe(text);
});

test("show survives values that JSON cannot hold", () => {
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  expect(show(loop)).toBe("[object Object]");
});

test("nearest finds the name that was meant, whatever its case, and nothing when none is near", () => {
  const names = ["numFeatures", "momentum", "affine"];
  expect(nearest("momentun", names)).toBe("momentum");
  expect(nearest("numfeatures", names)).toBe("numFeatures");
  expect(nearest("zzz", names)).toBeUndefined();
});

test("an OptionError is told apart from a ShapeError by its class and name", () => {
  const detail = { where: "f", expected: "x", got: "y" };
  expect(new OptionError(detail)).not.toBeInstanceOf(ShapeError);
  expect(String(new OptionError(detail))).toBe("OptionError: f: expected x, got y.");
});
