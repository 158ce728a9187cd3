import { cast, type DType, gather, Tensor, tensor } from "@evenkeel/autodiff";

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}

/** Every tensor in nested arrays and plain objects with the path that leads to it, in order. */
export function entries(value: unknown, path = ""): (readonly [path: string, t: Tensor])[] {
  if (value instanceof Tensor) return [[path, value]];
  if (Array.isArray(value)) return value.flatMap((item, i) => entries(item, `${path}[${i}]`));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, item]) =>
    entries(item, path ? `${path}.${name}` : name),
  );
}

/** The same nesting with `f` of each tensor; everything else is kept as it is. */
export function mapTensors<T>(value: T, f: (t: Tensor) => Tensor): T {
  const walk = (item: unknown): unknown => {
    if (item instanceof Tensor) return f(item);
    if (Array.isArray(item)) return item.map(walk);
    if (!isRecord(item)) return item;
    return Object.fromEntries(Object.entries(item).map(([name, inner]) => [name, walk(inner)]));
  };
  return walk(value) as T;
}

/** Every tensor of the nesting in another dtype. */
export function castTree<T>(value: T, dtype: DType): T {
  return mapTensors(value, (t) => cast(t, dtype));
}

/** A copy in the memory of the current backend: ops move what they read, but what reads at once comes before. */
export function move(t: Tensor): Tensor {
  return tensor(t.data, { shape: t.shape, dtype: t.dtype });
}

/** The nesting with only some rows of every tensor and array whose first axis has `count` of them. */
export function rowsOf<T>(tree: T, count: number, rows: readonly number[]): T {
  const walk = (value: unknown): unknown => {
    if (value instanceof Tensor) return value.shape[0] === count ? gather(value, rows) : value;
    if (value instanceof Int32Array) {
      return value.length === count ? Int32Array.from(rows, (i) => value[i]!) : value;
    }
    if (Array.isArray(value)) return value.length === count ? rows.map((i) => value[i]) : value;
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item)]));
  };
  return walk(tree) as T;
}
