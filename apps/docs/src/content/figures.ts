/** Three digits, and all of those before the point. */
export function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** "653 B", "1.8 kB", of 1000 bytes each. */
export function bytes(count: number): string {
  return count < 1000 ? `${count} B` : `${(count / 1000).toFixed(1)} kB`;
}

/** "16x64x32x32" as shapes are written: "[16, 64, 32, 32]". */
export function shape(name: string): string {
  return `[${name.split("x").join(", ")}]`;
}

const engines: Readonly<Record<string, string>> = {
  evenkeel: "Evenkeel, WebAssembly",
  "evenkeel-cpu": "Evenkeel, plain TypeScript",
  "jax-js": "jax-js, jit, wasm",
  "jax-js-tuned": "jax-js, tuned",
  "tfjs-wasm": "TensorFlow.js, wasm",
  "tfjs-wasm-composed": "TensorFlow.js, wasm, from primitives",
  "tfjs-wasm-custom": "TensorFlow.js, wasm, gradient by hand",
  "tfjs-cpu": "TensorFlow.js, JavaScript",
  torch: "PyTorch 1.13, CPU",
};

export function engineName(engine: string): string {
  return engines[engine] ?? engine;
}
