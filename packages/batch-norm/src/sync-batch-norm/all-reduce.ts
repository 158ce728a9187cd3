import {
  add,
  concat,
  currentBackend,
  customGrad,
  div,
  fail,
  mul,
  slice,
  square,
  sub,
  type Tensor,
  tensor,
} from "@evenkeel/autodiff";
import type { Moments } from "@evenkeel/norm-core";

/**
 * Adds up a vector over all replicas: each calls it equally often, with vectors of equal lengths, and gets
 * the sum. It waits for the others, so replicas need threads or processes of their own, and a backend whose
 * memory is in the process.
 */
export type AllReduce = (vector: Float64Array) => Float64Array;

/**
 * The moments of all replicas from those of this one, and the number of values in all of them.
 *
 * @param local - [1, channels], with the weight of this replica as count.
 * @throws EvenkeelError for an `allReduce` where the backend's memory is not in the process.
 */
export function momentsOfAll(
  { count, mean, m2 }: Moments,
  values: number,
  allReduce: AllReduce | undefined,
): { readonly moments: Moments; readonly total: number } {
  if (!allReduce) return { moments: { count, mean, m2 }, total: values };
  checkInProcess();
  const weight = count as number;
  const sums = differentiable(allReduce);
  const { dtype } = mean;
  const head = tensor([weight, values], { shape: [1, 2], dtype });
  const first = sums(concat([head, mul(weight, mean)], 1));
  const [all, total] = [first.data[0]!, first.data[1]!];
  const center = div(slice(first, [0, 2]), all);
  const joined = sums(add(m2, mul(weight, square(sub(mean, center)))));
  return { moments: { count: all, mean: center, m2: joined }, total };
}

/** Refuses a backend whose numbers cannot be handed on in the middle of a forward. */
function checkInProcess(): void {
  const { inProcess, name } = currentBackend();
  if (inProcess) return;
  fail({
    where: "syncBatchNorm allReduce",
    expected: "a backend whose memory is in the process",
    got: name,
    hint: "Train on cpu or wasm(), or put the samples of all replicas into x and name them in replicas.",
  });
}

/** The sum over replicas as an op; the gradient of a sum that all have is the sum of their gradients. */
function differentiable(allReduce: AllReduce): (x: Tensor) => Tensor {
  const sums = customGrad("allReduce", (x) => ({
    value: tensor(allReduce(Float64Array.from(x!.data)), { shape: x!.shape, dtype: x!.dtype }),
    vjp: (g) => [sums(g)],
  }));
  return (x) => sums(x);
}

const [ARRIVED, ROUND] = [0, 1];
const HEAD = 16;

/**
 * An `AllReduce` between threads by memory that they share. Sums are added up in the order of ranks: all
 * replicas get the same bits.
 *
 * @param memory - Of zeros at first, given to every thread: 16 bytes, and 8 for each number of the longest
 *   vector (channels + 2) and replica.
 * @param rank - This thread's number, from 0.
 * @param size - How many threads there are; each must take part in every sum. A browser's main thread cannot.
 *
 * @example
 * const alone = sharedAllReduce(new SharedArrayBuffer(16 + 8 * 66), 0, 1);
 */
export function sharedAllReduce(memory: SharedArrayBuffer, rank: number, size: number): AllReduce {
  const places = new Int32Array(memory, 0, 2);
  const slots = new Float64Array(memory, HEAD);
  const room = Math.floor(slots.length / size);
  return (vector) => {
    if (vector.length > room) {
      const got = `memory for ${room}`;
      fail({ where: "sharedAllReduce", expected: `memory for ${vector.length} numbers`, got });
    }
    slots.set(vector, rank * room);
    meet(places, size);
    const sum = vector.map((_, i) => {
      let total = 0;
      for (let r = 0; r < size; r++) total += slots[r * room + i]!;
      return total;
    });
    // Nobody may write the next vector before all have read this one.
    meet(places, size);
    return sum;
  };
}

/** Waits until all threads are here. */
function meet(places: Int32Array, size: number): void {
  const round = Atomics.load(places, ROUND);
  if (Atomics.add(places, ARRIVED, 1) < size - 1) {
    Atomics.wait(places, ROUND, round);
    return;
  }
  Atomics.store(places, ARRIVED, 0);
  Atomics.add(places, ROUND, 1);
  Atomics.notify(places, ROUND);
}
