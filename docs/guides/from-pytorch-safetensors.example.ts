import { random, type Tensor, tensor } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { Linear, norm, Sequential } from "@evenkeel/nn";

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** The float32 tensors of a safetensors file: 8 bytes of length, a JSON header, the numbers. */
function readSafetensors(file: ArrayBuffer): Record<string, Tensor> {
  const length = Number(new DataView(file).getBigUint64(0, true));
  const text = new TextDecoder().decode(new Uint8Array(file, 8, length));
  const { __metadata__, ...entries } = JSON.parse(text) as Record<string, Entry>;
  const named = Object.entries(entries).map(([name, { dtype, shape, data_offsets }]) => {
    const [start, end] = data_offsets;
    const bytes = file.slice(8 + length + start, 8 + length + end);
    if (dtype === "I64")
      return [name, tensor(Array.from(new BigInt64Array(bytes), Number), { shape })];
    if (dtype !== "F32") throw new Error(`${name} is ${dtype}; save it with tensor.float()`);
    return [name, tensor(new Float32Array(bytes), { shape })];
  });
  return Object.fromEntries(named) as Record<string, Tensor>;
}

// A file as save_file(model.state_dict(), path) writes it, made here so that there is one.
function writeSafetensors(tensors: Record<string, Tensor>): ArrayBuffer {
  const header: Record<string, Entry> = {};
  let end = 0;
  for (const [name, { shape, size }] of Object.entries(tensors)) {
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + 4 * size] };
    end += 4 * size;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  for (const [name, t] of Object.entries(tensors)) {
    const numbers = Float32Array.from(t.data);
    file.set(new Uint8Array(numbers.buffer), 8 + json.length + header[name]!.data_offsets[0]);
  }
  return file.buffer;
}

const make = (seed: number): Sequential =>
  new Sequential(
    new Linear({ inFeatures: 3, outFeatures: 4, seed }),
    norm(batchNorm, { numFeatures: 4 }),
  );
const trained = make(1);
for (let i = 0; i < 5; i++) trained.forward(random(i).normal([8, 3], { mean: i }));
const file = writeSafetensors(trained.stateDict());

const model = make(2);
const loaded = model.loadStateDict(readSafetensors(file));
console.log(`${file.byteLength} bytes`, loaded);

const x = random(9).normal([2, 3]);
const [a, b] = [trained.eval().forward(x), model.eval().forward(x)];
if (a.data.some((v, i) => v !== b.data[i])) throw new Error("the models differ");
