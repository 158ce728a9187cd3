import { ShapeError, zeros } from "@evenkeel/autodiff";
import { expectRefusal } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import {
  checkInput,
  checkMoreThanOne,
  checkNotEmpty,
  checkTrailing,
  countSamples,
} from "./check.ts";

describe("checkInput", () => {
  const options = { numFeatures: 3, channelAxis: 1 };
  test("gives the channel axis, counted from the front", () => {
    expect(checkInput("someNorm", zeros([2, 3]), options)).toBe(1);
    expect(checkInput("someNorm", zeros([2, 5, 3]), { ...options, channelAxis: -1 })).toBe(2);
    const one = { numFeatures: 3, channelAxis: 0, minRank: 1 };
    expect(checkInput("someNorm", zeros([3]), one)).toBe(0);
  });
  const refused: Readonly<Record<string, readonly [readonly number[], string]>> = {
    "too few axes": [[3], "someNorm: expected x of rank >= 2, got shape [3]."],
    "channels on another axis": [
      [2, 4, 3],
      "someNorm: expected x with 3 channels on axis 1, got shape [2, 4, 3]. " +
        "Or pass channelAxis: 2.",
    ],
    "another number of channels": [
      [2, 4],
      "someNorm: expected x with 3 channels on axis 1, got shape [2, 4]. " +
        "Set the number of channels to that of x.",
    ],
    nothing: [[0, 3], "someNorm: expected at least one element, got shape [0, 3]."],
  };
  for (const [name, [shape, message]] of Object.entries(refused)) {
    test(`refuses ${name}`, () => {
      expectRefusal(name, () => checkInput("someNorm", zeros(shape), options), message);
    });
  }
  test("refuses a channel axis outside the rank", () => {
    const call = () => checkInput("someNorm", zeros([2, 3]), { ...options, channelAxis: 2 });
    expectRefusal("axis 2", call, "someNorm channelAxis: expected an axis from -2 to 1, got 2.");
    expect(call).toThrow(ShapeError);
  });
});

test("countSamples counts along the first axis that is not the channels'", () => {
  const x = zeros([2, 5, 3]);
  expect(countSamples("someNorm", x, { numFeatures: 3, channelAxis: -1 })).toBe(2);
  expect(countSamples("someNorm", x, { numFeatures: 2, channelAxis: 0 })).toBe(5);
  const wrong = (): number => countSamples("someNorm", x, { numFeatures: 4, channelAxis: 1 });
  expect(wrong).toThrow("someNorm: expected x with 4 channels on axis 1, got shape [2, 5, 3].");
});

test("checkNotEmpty refuses a tensor without elements", () => {
  expect(() => checkNotEmpty("someNorm", zeros([]))).not.toThrow();
  const message = "someNorm: expected at least one element, got shape [2, 0].";
  expectRefusal("nothing", () => checkNotEmpty("someNorm", zeros([2, 0])), message);
});

test("checkMoreThanOne refuses statistics of single values, and says what to do", () => {
  const x = zeros([1, 3]);
  expect(() => checkMoreThanOne("someNorm", x, 2, "Enlarge the batch.")).not.toThrow();
  expectRefusal(
    "a single value",
    () => checkMoreThanOne("someNorm", x, 1, "Enlarge the batch."),
    "someNorm: expected more than one value for each statistic, got shape [1, 3]. " +
      "Enlarge the batch.",
  );
});

describe("checkTrailing", () => {
  test("gives the trailing axes, counted from the front", () => {
    expect(checkTrailing("someNorm", zeros([2, 3, 4]), [3, 4])).toEqual([1, 2]);
    expect(checkTrailing("someNorm", zeros([4]), [4])).toEqual([0]);
  });
  test("refuses other trailing axes, too few of them, and nothing", () => {
    const call =
      (...shape: number[]) =>
      () =>
        checkTrailing("someNorm", zeros(shape), [3, 4]);
    const words = "someNorm: expected x with trailing axes [3, 4], got shape";
    const hint = "Set normalizedShape to the last axes of x.";
    expectRefusal("others", call(2, 4, 3), `${words} [2, 4, 3]. ${hint}`);
    expectRefusal("too few", call(4), `${words} [4]. ${hint}`);
    const empty = "someNorm: expected at least one element, got shape [0, 3, 4].";
    expectRefusal("nothing", call(0, 3, 4), empty);
  });
});
