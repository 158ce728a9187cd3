import { sizeOf, stridesOf } from "@evenkeel/autodiff";
import { type GpuOp, gpuOp, type Num } from "../rule.ts";
import { placeOf, type Strided } from "./indices.ts";
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
      const [kept, reduced] = [some(false), some(true)];
      return fold({
        size: sizeOf(kept.sizes),
        count: sizeOf(reduced.sizes),
        inputs,
        term: (w, at, r) =>
          w.read(0, w.index(`${placeOf("a", kept)} + ${placeOf("b", reduced)}`, at, r)),
        ...(join && { join }),
      });
    },
  });
}

export const reduceOps: Readonly<Record<string, GpuOp>> = {
  sum: reduction(),
  max: reduction((total, term) => `Math.max(${total}, ${term})`),
};
