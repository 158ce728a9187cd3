import { expect, test } from "vitest";
import type { Item } from "./messages.ts";
import { makeVocabulary } from "./output.ts";

function shown(run: (words: ReturnType<typeof makeVocabulary>) => void): Item[] {
  const items: Item[] = [];
  run(makeVocabulary((item) => items.push(item)));
  return items;
}

test("print and the console show lines, with their level", () => {
  const items = shown(({ print, console }) => {
    print("a", 1);
    (console["warn"] as typeof print)("b");
    (console["assert"] as typeof print)(false, "c");
    (console["assert"] as typeof print)(true, "d");
  });
  expect(items).toEqual([
    { kind: "text", level: "log", text: "a 1" },
    { kind: "text", level: "warn", text: "b" },
    { kind: "text", level: "error", text: "Assertion failed c" },
  ]);
});

test("a table of nothing is a line", () => {
  expect(shown(({ table }) => table([]))).toEqual([{ kind: "text", level: "log", text: "[]" }]);
});

test("a plot of diagnostics that is printed is drawn", () => {
  const spec = { title: "t", scales: {}, marks: [] };
  expect(shown(({ print }) => print(spec))).toEqual([{ kind: "plot", spec }]);
  expect(shown(({ print }) => print("plot", spec))[0]!.kind).toBe("text");
});

test("everything shown can be posted to a page", () => {
  const items = shown(({ table, plot, print }) => {
    print(() => 1, Symbol("s"), new WeakMap());
    table([{ f: () => 1 }]);
    plot([1, 2]);
  });
  expect(structuredClone(items)).toEqual(items);
});

test("endless output ends, and says so once", () => {
  const items = shown(({ print }) => {
    for (let i = 0; i < 5000; i++) print(i);
  });
  expect(items).toHaveLength(501);
  expect(items.at(-1)).toMatchObject({ level: "warn", text: "More output is not shown." });
  const long = shown(({ print }) => {
    for (let i = 0; i < 5; i++) print("x".repeat(90_000));
  });
  expect(long).toHaveLength(3);
});
