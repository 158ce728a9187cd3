import {
  broadcastTensors,
  elementwise,
  type OpCase,
  opSuite,
  shapes,
  tensors,
} from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import * as ad from "../index.ts";

const { NaN: nan } = Number;
const f64 = (data: ad.NestedNumbers): ad.Tensor => ad.tensor(data, { dtype: "float64" });
const special = (
  name: string,
  inputs: readonly number[][],
  output: readonly number[],
  gradients?: readonly (readonly number[])[],
) => ({
  name,
  inputs: inputs.map(f64),
  params: undefined,
  output,
  ...(gradients && { gradients }),
});

const where: OpCase = {
  name: "where",
  call: ([c, a, b]) => ad.where(ad.greater(c!, 0), a!, b!),
  samples: broadcastTensors([{ awayFrom: [0] }, {}, {}], { maxRank: 3 }).map((inputs) => ({
    inputs,
    params: undefined,
  })),
  reference: elementwise((c, a, b) => (c! > 0 ? a! : b!)),
  specialValues: [
    special(
      "NaN on the side not chosen",
      [
        [1, -1],
        [2, nan],
        [nan, 3],
      ],
      [2, 3],
      [
        [0, 0],
        [1, 0],
        [0, 1],
      ],
    ),
  ],
};

const cast: OpCase = {
  name: "cast",
  call: ([x]) => ad.cast(ad.mul(ad.cast(x!, "float64"), 2), x!.dtype),
  samples: tensors(shapes()).map((x) => ({ inputs: [x], params: undefined })),
  reference: elementwise((x) => 2 * x!),
  rejects: [
    {
      name: "a dtype that does not exist",
      call: () => ad.cast(ad.zeros([1]), "int32" as ad.DType),
      message: 'cast: expected dtype "float32" or "float64", got "int32".',
    },
  ],
};

for (const op of [where, cast]) {
  describe(op.name, () => {
    for (const { name, run } of opSuite(op)) test(name, run);
  });
}

describe("numbers beside tensors", () => {
  test("a number takes the dtype of the tensor beside it, on either side", () => {
    expect(ad.add(1, f64([0.1])).dtype).toBe("float64");
    expect(ad.where(1, 2, f64([3])).data).toEqual(new Float64Array([2]));
  });
  test("numbers alone make a float32 scalar", () => {
    const y = ad.mul(0.1, 3);
    expect([y.shape, y.dtype, y.item()]).toEqual([
      [],
      "float32",
      Math.fround(Math.fround(0.1) * 3),
    ]);
  });
  test("cast to the own dtype is the tensor itself, and a gradient keeps its input's dtype", () => {
    const x = ad.ones([2]);
    expect(ad.cast(x, "float32")).toBe(x);
    const g = ad.grad((t: ad.Tensor) => ad.sum(ad.square(ad.cast(t, "float64"))))(x);
    expect([g.dtype, ...g.data]).toEqual(["float32", 2, 2]);
  });
});
