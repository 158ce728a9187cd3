/** How many numbers of a tensor a message shows. */
const SHOWN = 24;

/** `[2, 3] 0.5 1 -2 | 3 4 5`: shape, then the numbers, rows of the last axis apart. */
export function showNumbers({
  shape,
  data,
}: {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}): string {
  const row = shape.at(-1) ?? 1;
  let text = `[${shape.join(", ")}]`;
  for (let i = 0; i < Math.min(data.length, SHOWN); i++) {
    text += i > 0 && i % row === 0 ? ` | ${data[i]}` : ` ${data[i]}`;
  }
  return data.length > SHOWN ? `${text} … (${data.length} numbers)` : text;
}
