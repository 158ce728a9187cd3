import { cast, cpu, random, useBackend } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { wasm } from "@evenkeel/wasm";

/** The largest error of float32 beside float64 on the very same numbers. */
function error(offset: number): number {
  const x = random(1).normal([64, 4, 8, 8], { mean: offset });
  const bn = batchNorm({ numFeatures: 4 });
  const run = (dtype: "float32" | "float64"): ArrayLike<number> => {
    const { params, state } = bn.init({ dtype });
    return bn.apply(cast(x, dtype), params, state).output.data.slice();
  };
  const [single, double] = [run("float32"), run("float64")];
  return Math.max(...Array.from(single, (v, i) => Math.abs(v - double[i]!)));
}
const fast = wasm();
const rows = [0, 1e3, 1e4, 1e6].map((offset) => {
  useBackend(cpu);
  const onCpu = error(offset);
  useBackend(fast);
  return { offset, cpu: onCpu.toExponential(1), wasm: error(offset).toExponential(1) };
});
useBackend(cpu);
console.table(rows);
if (rows.some(({ cpu: a, wasm: b }) => Math.max(Number(a), Number(b)) > 2e-5)) {
  throw new Error("an offset cost digits");
}
