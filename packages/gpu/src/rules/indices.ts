import { type Shape, stridesOf } from "@evenkeel/autodiff";

/** Some axes of an array: how long each is, and how far apart its elements lie. */
export interface Strided {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
}

/** Axes that one step walks through are one axis. */
export function merged({ sizes, strides }: Strided): Strided {
  const [n, step]: [number[], number[]] = [[], []];
  for (const [i, size] of sizes.entries()) {
    if (size === 1) continue;
    const stride = strides[i]!;
    if (n.length > 0 && step.at(-1) === stride * size) {
      n[n.length - 1]! *= size;
      step[step.length - 1] = stride;
    } else {
      n.push(size);
      step.push(stride);
    }
  }
  return { sizes: n, strides: step };
}

/** Text: where element number `a`, counted row by row over the sizes, lies. */
export function placeOf(a: string, strided: Strided, start = 0): string {
  const { sizes, strides } = merged(strided);
  const terms = sizes.flatMap((_, axis) => {
    if (strides[axis] === 0) return [];
    const at = coordinate(a, sizes, axis);
    return [strides[axis] === 1 ? at : `${at} * ${strides[axis]}`];
  });
  if (start !== 0) terms.push(String(start));
  return terms.length > 0 ? terms.join(" + ") : "0";
}

/** Text: the position along one axis of element number `a`. */
export function coordinate(a: string, sizes: readonly number[], axis: number): string {
  const inner = sizes.slice(axis + 1).reduce((n, s) => n * s, 1);
  const quotient = inner === 1 ? a : `quotient(${a}, ${inner})`;
  const first = sizes.slice(0, axis).every((n) => n === 1);
  return first ? quotient : `remainder(${quotient}, ${sizes[axis]})`;
}

/** How `from`, broadcast to `to`, is walked. */
export function broadcastOver(from: Shape, to: Shape): Strided {
  const own = stridesOf(from);
  const lead = to.length - from.length;
  const strides = to.map((_, i) => (i < lead || from[i - lead] === 1 ? 0 : own[i - lead]!));
  return { sizes: to, strides };
}
