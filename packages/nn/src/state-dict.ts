import type { DType, Shape, TypedArray } from "@evenkeel/autodiff";
import type { StateDict } from "./module.ts";

/** A tensor's numbers outside any backend. */
export interface SavedTensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Row-major; a copy. */
  readonly data: TypedArray;
}

/**
 * The numbers of a state dict, of a model or an optimizer: the way to read them that works on every backend.
 *
 * **When to use.** To save a checkpoint, or to take a model to another backend: `tensor(data, saved)` makes
 * the tensor again.
 *
 * @param dict - It is read at once; what becomes of its tensors afterwards does not matter.
 * @returns A copy of each tensor under its name.
 * @throws ReleasedError for a tensor that was released.
 *
 * @example
 * const saved = await readStateDict(model.stateDict());
 * const entries = Object.entries(saved).map(([name, t]) => [name, tensor(t.data, t)] as const);
 * model.loadStateDict(Object.fromEntries(entries));
 */
export async function readStateDict(dict: StateDict): Promise<Record<string, SavedTensor>> {
  const saved = Object.entries(dict).map(async ([name, t]) => {
    const { shape, dtype } = t;
    return [name, { shape, dtype, data: await t.read() }] as const;
  });
  return Object.fromEntries(await Promise.all(saved));
}
