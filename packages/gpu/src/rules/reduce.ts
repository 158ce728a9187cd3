import { sizeOf, stridesOf } from "@evenkeel/autodiff";
import { type GpuOp, gpuOp, type Num } from "../rule.ts";
import { merged, placeOf, type Strided } from "./indices.ts";
import { plus } from "./loops.ts";
import { fold } from "./sums.ts";

interface Reduction {
  readonly axes: readonly number[];
}

function reduction(join?: (total: Num, term: Num) => Num): GpuOp {
  return gpuOp<Reduction>({
    lower: (inputs, { shapes, params: { axes } }) => {
      const [x] = shapes as [readonly number[]];
      const some = (wanted: boolean): Strided => {
        const picked = x.map((_, i) => i).filter((i) => axes.includes(i) === wanted);
        const own = stridesOf(x);
        return { sizes: picked.map((i) => x[i]!), strides: picked.map((i) => own[i]!) };
      };
      const [kept, reduced] = [some(false), merged(some(true))];
      const { sizes, strides } = reduced;
      const rows = { sizes: sizes.slice(0, -1), strides: strides.slice(0, -1) };
      return fold({
        size: sizeOf(kept.sizes),
        count: sizeOf(sizes),
        columns: sizes.at(-1) ?? 1,
        inputs,
        terms: (w, at, row) => {
          const start = w.place(w.index(`${placeOf("a", kept)} + ${placeOf("b", rows)}`, at, row));
          return (column) => w.read(0, plus(w, start, column, strides.at(-1)));
        },
        ...(join && { join }),
      });
    },
  });
}

export const reduceOps: Readonly<Record<string, GpuOp>> = {
  sum: reduction(),
  max: reduction((total, term) => `Math.max(${total}, ${term})`),
};
