import * as ad from "@evenkeel/autodiff";
import { broadcastTensors, shapes, tensors } from "../arbitrary.ts";
import { elementwise, type OpCase } from "../op-suite.ts";
import { special } from "./draw.ts";

const { NaN: nan } = Number;

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
  inProcessOnly: "float64 is computed in the process",
  rejects: [
    {
      name: "a dtype that does not exist",
      call: () => ad.cast(ad.zeros([1]), "int32" as ad.DType),
      message: 'cast: expected dtype "float32" or "float64", got "int32".',
    },
  ],
};

export const whereAndCastCases: readonly OpCase[] = [where, cast];
