/** Bars of a histogram over fixed edges; what lies outside goes to the outer bars. */
export function histogram(
  values: readonly number[],
  [from, to]: readonly [number, number],
  bars: number,
): readonly number[] {
  const counts = new Array<number>(bars).fill(0);
  for (const v of values) {
    const bar = Math.floor(((v - from) / (to - from)) * bars);
    counts[Math.min(Math.max(bar, 0), bars - 1)]! += 1;
  }
  return counts;
}

/** What the two histograms of the picture show, before and after. */
export const range = [-7, 7] as const;
export const bars = 42;

/** The outline of a histogram as an SVG path, 0 at the bottom, of the given size. */
export function outline(counts: readonly number[], width: number, height: number): string {
  const most = Math.max(1, ...counts);
  const step = width / counts.length;
  const tops = counts.map((count, i) => {
    const y = (height - (count / most) * (height - 2)).toFixed(1);
    return `V${y}H${((i + 1) * step).toFixed(1)}`;
  });
  return `M0 ${height}${tops.join("")}V${height}Z`;
}
