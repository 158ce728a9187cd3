import { cpu, matmul, random, useBackend } from "@evenkeel/autodiff";
import { wasm } from "@evenkeel/wasm";

/** The same product, on as many threads as there are up to `threads`. */
async function product(threads: number): Promise<Float32Array> {
  const backend = wasm({ threads });
  useBackend(backend);
  const a = random(1).normal([256, 256]);
  const b = random(2).normal([256, 256]);
  matmul(a, b); // the first large op starts the others, and nobody waits for them
  for (let i = 0; i < 50 && backend.threads < threads; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const result = await matmul(a, b).read();
  console.log(`asked for ${threads}, at work: ${backend.threads}`);
  return Float32Array.from(result);
}
const alone = await product(1);
const together = await product(4);
useBackend(cpu);

// However many threads there were, the bits are the same.
const same = alone.every((v, i) => Object.is(v, together[i]));
console.log("same bits:", same);
if (!same) throw new Error("threads changed the result");
