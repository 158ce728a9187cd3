import { grad, sum, type Tensor, tensor } from "@evenkeel/autodiff";
import { describe, expect, test } from "vitest";
import { pushed } from "./history.ts";

describe("pushed", () => {
  const history = tensor([
    [1, 2],
    [3, 4],
  ]);

  test("puts the new row in front and drops the oldest", () => {
    const next = pushed(history, tensor(Float64Array.of(5, 6), { shape: [1, 2] }));
    expect(next.toArray()).toEqual([
      [5, 6],
      [1, 2],
    ]);
    expect(next.dtype).toBe("float32");
    expect(history.toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test("of one row keeps the new one alone", () => {
    expect(pushed(tensor([[1, 2]]), tensor([5, 6])).toArray()).toEqual([[5, 6]]);
  });

  test("lets no gradient through", () => {
    const total = (row: Tensor, rows: Tensor): Tensor => sum(pushed(rows, row));
    const gradients = grad(total, { argnums: [0, 1] })(tensor([5, 6]), history);
    expect(gradients.map((g) => g.toArray())).toEqual([
      [0, 0],
      [
        [0, 0],
        [0, 0],
      ],
    ]);
  });
});
