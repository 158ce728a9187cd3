import { cpu, mean, random, square, useBackend, valueAndGrad } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { wasm } from "@evenkeel/wasm";

const fast = wasm();
const x = random(1).normal([16, 32, 16, 16], { mean: 3 });
const bn = batchNorm({ numFeatures: 32 });
const { params, state } = bn.init();
const loss = (p: typeof params) => mean(square(bn.apply(x, p, state).output));

// The same program on two backends. x was made on the first and is moved when it is used.
const rows = [cpu, fast].map((backend) => {
  useBackend(backend);
  const { value, grads } = valueAndGrad(loss)(params);
  return { backend: backend.name, loss: value.item(), gradient: grads["weight"]!.data[0] };
});
useBackend(cpu);
console.table(rows);

// Which ops had no kernel of this backend's own, and how often they ran.
console.log("fallbacks", [...fast.fallbacks]);
console.log("relaxed SIMD", fast.relaxed, "bytes of memory", fast.heapBytes);

const [plain, simd] = rows;
if (Math.abs(plain!.loss - simd!.loss) > 2e-5) throw new Error("the backends disagree");
