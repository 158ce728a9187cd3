import * as ad from "@evenkeel/autodiff";
import { broadcastTensors, type Domain } from "../arbitrary.ts";
import { elementwise, type OpCase } from "../op-suite.ts";
import { special } from "./draw.ts";

type Binary = (a: ad.Value, b: ad.Value) => ad.Tensor;
type Extras = Omit<OpCase, "name" | "call" | "samples" | "reference">;

function binary(
  name: string,
  op: Binary,
  f: (a: number, b: number) => number,
  domains: readonly [Domain, Domain],
  extras?: Extras,
): OpCase {
  return {
    name,
    call: ([a, b]: readonly ad.Tensor[]) => op(a!, b!),
    samples: broadcastTensors(domains, { maxRank: 3 }).map((inputs) => ({
      inputs,
      params: undefined,
    })),
    reference: elementwise(f),
    ...extras,
  };
}

/** Two tensors whose numbers lie on different lattices: no ties, no near ties. */
function apart(op: OpCase): OpCase {
  const snap = (t: ad.Tensor, shift: number): ad.Tensor =>
    ad.tensor(
      Float64Array.from(t.data, (v) => Math.round(v * 5) / 5 + shift + v / 100),
      { shape: t.shape },
    );
  const samples = op.samples.map(({ inputs: [a, b], params }) => ({
    inputs: [snap(a!, 0), snap(b!, 0.1)],
    params,
  }));
  return { ...op, samples };
}

const anywhere: Domain = { min: -2, max: 2 };
const positive: Domain = { min: 0.3, max: 3 };
const notZero: Domain = { min: -2, max: 2, awayFrom: [0], margin: 0.4 };
const { NaN: nan } = Number;

export const binaryCases: readonly OpCase[] = [
  binary("add", ad.add, (a, b) => a + b, [anywhere, anywhere], {
    rejects: [
      {
        name: "shapes that do not broadcast",
        call: () => ad.add(ad.zeros([4, 3]), ad.zeros([4, 2])),
        message:
          "add: expected shapes that broadcast (equal sizes or 1, aligned at the last axis), got [4, 3] and [4, 2].",
      },
      {
        name: "tensors of two dtypes",
        call: () => ad.add(ad.zeros([1]), ad.zeros([1], { dtype: "float64" })),
        message:
          'add: expected tensors of one dtype, got float32 and float64. Convert one with cast(x, "float32").',
      },
      {
        name: "what is neither tensor nor number",
        call: () => ad.add("1" as unknown as number, 2),
        message:
          'add: expected tensors or numbers, got "1". Make one with tensor(...). Two copies of @evenkeel/autodiff also look like this.',
      },
    ],
  }),
  binary("sub", ad.sub, (a, b) => a - b, [anywhere, anywhere]),
  binary("mul", ad.mul, (a, b) => a * b, [anywhere, anywhere]),
  binary("div", ad.div, (a, b) => a / b, [anywhere, notZero], {
    specialValues: [special("1 / 0", [[1], [0]], [Number.POSITIVE_INFINITY])],
  }),
  binary("pow", ad.pow, (a, b) => a ** b, [positive, anywhere], {
    specialValues: [
      special(
        "exponent 0",
        [
          [0, 2],
          [0, 0],
        ],
        [1, 1],
        [
          [0, 0],
          [0, Math.log(2)],
        ],
      ),
      special(
        "base 0",
        [
          [0, 0],
          [1, 2],
        ],
        [0, 0],
        [
          [1, 0],
          [0, 0],
        ],
      ),
      special("a negative base", [[-2], [3]], [-8], [[12], [nan]]),
    ],
  }),
  apart(
    binary("maximum", ad.maximum, Math.max, [anywhere, anywhere], {
      specialValues: [
        special("a tie, which shares the gradient", [[1], [1]], [1], [[0.5], [0.5]]),
        special(
          "NaN on either side",
          [
            [nan, 1],
            [1, nan],
          ],
          [nan, nan],
        ),
      ],
    }),
  ),
  apart(
    binary("minimum", ad.minimum, Math.min, [anywhere, anywhere], {
      specialValues: [
        special("a tie, which shares the gradient", [[1], [1]], [1], [[0.5], [0.5]]),
        special(
          "NaN on either side",
          [
            [nan, 1],
            [1, nan],
          ],
          [nan, nan],
        ),
      ],
    }),
  ),
  apart(
    binary("less", ad.less, (a, b) => Number(a < b), [anywhere, anywhere], {
      specialValues: [
        special(
          "equal numbers and NaN",
          [
            [1, nan],
            [1, 0],
          ],
          [0, 0],
        ),
      ],
    }),
  ),
  apart(
    binary("greater", ad.greater, (a, b) => Number(a > b), [anywhere, anywhere], {
      specialValues: [
        special(
          "equal numbers and NaN",
          [
            [1, nan],
            [1, 0],
          ],
          [0, 0],
        ),
      ],
    }),
  ),
  apart(
    binary("equal", ad.equal, (a, b) => Number(a === b), [anywhere, anywhere], {
      specialValues: [
        special(
          "equal numbers and NaN",
          [
            [1, nan],
            [1, nan],
          ],
          [1, 0],
        ),
      ],
    }),
  ),
];
