import { fail, ShapeError } from "@evenkeel/autodiff";
import { expect, test } from "vitest";
import { failureOf, lineIn } from "./failure.ts";

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

test("what to do is told apart from what went wrong", () => {
  const hint = "Reshape one of them.";
  const error = thrownBy(() =>
    fail({ where: "add", expected: "one", got: "two", hint }, ShapeError),
  );
  const message = "add: expected one, got two.";
  expect(failureOf(error)).toEqual({ name: "ShapeError", message, hint });
});

test("an error without advice has only its message", () => {
  expect(failureOf(new TypeError("x is undefined"))).toEqual({
    name: "TypeError",
    message: "x is undefined",
  });
});

test("anything may be thrown", () => {
  expect(failureOf({ code: 3 })).toEqual({ name: "Thrown value", message: "{ code: 3 }" });
  expect(failureOf(undefined)).toEqual({ name: "Thrown value", message: "undefined" });
});

test("the line is that of the innermost call in the program, in the stacks of every engine", () => {
  const url = "blob:http://localhost/1-2";
  const chromium = `Error: x\n    at f (http://localhost/a.js:9:9)\n    at g (${url}:12:5)\n    at ${url}:20:1`;
  expect(lineIn(chromium, url)).toBe(12);
  expect(lineIn(`f@http://localhost/a.js:9:9\ng@${url}:12:5\n@${url}:20:1\n`, url)).toBe(12);
  expect(lineIn("Error: x\n    at http://localhost/a.js:9:9", url)).toBeUndefined();
});
