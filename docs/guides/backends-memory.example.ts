import { cpu, keep, random, scope, square, sum, type Tensor, useBackend } from "@evenkeel/autodiff";
import { wasm } from "@evenkeel/wasm";

const backend = wasm();
useBackend(backend);
const x = random(1).normal([256, 256]);

// What a scope returns lives on; the rest of what it made is given back. A number costs nothing.
const kept: Tensor[] = [];
const work = (): number =>
  scope(() => {
    const squares = square(x);
    if (kept.length === 0) kept.push(keep(squares)); // keep: it outlives the scope, too
    return sum(squares).item();
  });

for (let i = 0; i < 2; i++) work();
const before = backend.heapBytes;
for (let i = 0; i < 200; i++) work();
console.log("bytes before and after 200 rounds", before, backend.heapBytes);
console.log("kept", kept[0]!.shape, "total", work());

// A tensor that was given back says so.
const lost: Tensor[] = [];
scope(() => lost.push(square(x)));
try {
  lost[0]!.toArray();
} catch (error) {
  console.log((error as Error).message);
}
useBackend(cpu);
if (backend.heapBytes > before) throw new Error("memory grew");
