// Runs in a folder where the umbrella is installed from its tarball, in the oldest Node.
import { batchNorm as direct } from "@evenkeel/batch-norm";
import { batchNorm, createNorm, norms, random, useBackend, wasm } from "evenkeel";

if (batchNorm !== direct) throw new Error("the umbrella has a copy of its own");
useBackend(wasm());
const norm = createNorm("batchNorm", { numFeatures: 3 });
const { params, state } = norm.init();
const { output } = norm.apply(random(1).normal([4, 3, 8, 8]), params, state);
if (output.shape.join() !== "4,3,8,8") throw new Error(`unexpected shape ${output.shape}`);
console.log(`Node ${process.versions.node}: ${Object.keys(norms).length} norms by their ids`);
