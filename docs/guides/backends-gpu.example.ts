import {
  type Backend,
  cpu,
  mean,
  random,
  square,
  useBackend,
  valueAndGrad,
} from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { gpu, isAvailable } from "@evenkeel/gpu";
import { wasm } from "@evenkeel/wasm";

const found = await isAvailable();
console.log(found.available ? `a GPU by ${found.mode}` : `no GPU: ${found.reason}`);

/** The GPU where there is one that computes right, else WebAssembly. */
async function best(): Promise<Backend> {
  if (!found.available) return wasm();
  return gpu().catch((refused: Error) => {
    console.log(refused.message);
    return wasm();
  });
}
const backend = await best();
const x = random(1).normal([8, 16, 8, 8], { mean: 3 });
const bn = batchNorm({ numFeatures: 16 });
const { params, state } = bn.init();
const loss = (p: typeof params) => mean(square(bn.apply(x, p, state).output));

// The same program, but numbers are awaited: on the GPU there are none before.
async function step(on: Backend) {
  useBackend(on);
  const { value, grads } = valueAndGrad(loss)(params);
  const [single] = await value.read();
  const [gradient] = await grads["weight"]!.read();
  return { backend: on.name, loss: single!, gradient: gradient! };
}
const rows = [await step(cpu), await step(backend)];
console.table(rows);

// Asked for at once, a number that is on the GPU is an error that says what to do.
try {
  console.log("at once:", mean(x).item());
} catch (error) {
  console.log(`${(error as Error).name}: ${(error as Error).message}`);
}
useBackend(cpu);

const [plain, other] = rows;
if (Math.abs(plain!.loss - other!.loss) > 1e-4) throw new Error("the backends disagree");
