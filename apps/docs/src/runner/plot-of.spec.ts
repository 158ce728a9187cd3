import { tensor } from "@evenkeel/autodiff";
import { expect, test } from "vitest";
import { plotOf } from "./plot-of.ts";

test("numbers are a line over their index", () => {
  const { marks, scales, title } = plotOf(tensor([3, 1]), { title: "Loss", y: "loss" });
  expect(title).toBe("Loss");
  expect(scales.y?.label).toBe("loss");
  expect(marks).toMatchObject([
    {
      mark: "line",
      data: [
        { x: 0, y: 3 },
        { x: 1, y: 1 },
      ],
      options: { x: "x", y: "y" },
    },
  ]);
});

test("lists by name are lines told apart by color", () => {
  const { marks } = plotOf({ batch: [1], layer: new Float32Array([2]) });
  expect(marks[0]!.options).toMatchObject({ stroke: "of", z: "of" });
  expect(marks[0]!.data.map((row) => row["of"])).toEqual(["batch", "layer"]);
});

test("rows are drawn by their first two fields, or by those named", () => {
  const rows = [{ step: 0, loss: 2, norm: "a" }];
  expect(plotOf(rows).marks[0]!.options).toMatchObject({ x: "step", y: "loss" });
  const wish = { x: "norm", y: "loss", series: "norm", mark: "barY" } as const;
  expect(plotOf(rows, wish).marks[0]).toMatchObject({
    mark: "barY",
    options: { x: "norm", y: "loss", fill: "norm" },
  });
});

test("a plot of diagnostics is taken as it is", () => {
  const spec = { title: "t", scales: {}, marks: [] };
  expect(plotOf(spec)).toBe(spec);
});

test.for([["text"], [undefined], [{}], [[]], [{ a: "b" }]])("%j is refused", ([data]) => {
  expect(() => plotOf(data)).toThrow(/^plot: expected a list of numbers, such lists by name/);
});
