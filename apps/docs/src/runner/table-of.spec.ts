import { tensor } from "@evenkeel/autodiff";
import { expect, test } from "vitest";
import { tableOf } from "./table-of.ts";

test("records are rows, whose numbers stand in columns of their own", () => {
  const rows = [
    { norm: "batch", loss: 0.123456789 },
    { norm: "layer", steps: 3 },
  ];
  expect(tableOf(rows, "Losses")).toEqual({
    caption: "Losses",
    columns: ["norm", "loss", "steps"],
    rows: [
      ["batch", "0.1234568", ""],
      ["layer", "", "3"],
    ],
    numeric: [false, true, true],
    left: 0,
  });
});

test("records by name have the names in a column without one", () => {
  expect(tableOf({ batch: { loss: 1 }, layer: 2 })).toMatchObject({
    columns: ["", "loss", "value"],
    rows: [
      ["batch", "1", ""],
      ["layer", "", "2"],
    ],
  });
});

test("tensors are tables of their numbers", () => {
  expect(tableOf(tensor([[1, 2]]))).toMatchObject({ columns: ["0", "1"], rows: [["1", "2"]] });
});

test("rows beyond the most are counted", () => {
  const long = tableOf(Array.from({ length: 250 }, (_, i) => ({ i })));
  expect(long?.rows).toHaveLength(200);
  expect(long?.left).toBe(50);
});

test.for([[3], [null], ["text"], [[]], [{}]])("%j is no table", ([data]) => {
  expect(tableOf(data)).toBeUndefined();
});
