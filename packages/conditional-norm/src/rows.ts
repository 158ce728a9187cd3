import {
  add,
  fail,
  matmul,
  ShapeError,
  sameShape,
  showShape,
  type Tensor,
  transpose,
} from "@evenkeel/autodiff";

/** Refuses a tensor of the condition that is missing or has another shape than one row per sample. */
export function checkRows(
  where: string,
  rows: Tensor | undefined,
  shape: readonly [samples: number, entries: number],
): Tensor {
  if (rows && sameShape(rows.shape, shape)) return rows;
  return fail(
    {
      where,
      expected: `shape ${showShape(shape)}, one row per sample`,
      got: rows ? showShape(rows.shape) : "none",
      hint: "Pass it in the condition.",
    },
    ShapeError,
  );
}

/** rows · weightᵀ + bias, with a weight [out, in] as PyTorch stores it. */
export function linearRows(rows: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const product = matmul(rows, transpose(weight));
  return bias ? add(product, bias) : product;
}
