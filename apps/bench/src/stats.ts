/** The middle value; the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Fewer tell nothing of how they scatter. */
const leastRuns = 3;

/** How many runs of so many milliseconds fit into a budget: at least three, unless fewer are wanted. */
export function affordableRuns(ms: number, budgetMs: number, wanted: number): number {
  const affordable = ms > 0 ? Math.floor(budgetMs / ms) : wanted;
  return Math.min(wanted, Math.max(leastRuns, affordable));
}

/** Whether one of `runs` runs falls into this of `rounds` rounds, when they are spread evenly. */
export function runsInRound(runs: number, round: number, rounds: number): boolean {
  return Math.floor(((round + 1) * runs) / rounds) > Math.floor((round * runs) / rounds);
}
