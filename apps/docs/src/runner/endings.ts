import type { End } from "./session.ts";

/** How a run ended, in a few words; lines read out by screen readers. */
export function endingOf(end: End): string {
  if (end.kind === "done") return `Ran without error in ${duration(end.seconds)}.`;
  if (end.kind === "stopped") return "Stopped.";
  if (end.kind === "late") {
    return `Stopped after ${duration(end.seconds)}: the program had not ended. Does it have an endless loop?`;
  }
  const { name, line } = end.failure;
  return line === undefined
    ? `Ended by an error: ${name}.`
    : `Ended by an error in line ${line}: ${name}.`;
}

/** "12 ms", "3.4 s". */
export function duration(seconds: number): string {
  if (seconds < 0.001) return "less than 1 ms";
  if (seconds < 1) return `${Math.round(1000 * seconds)} ms`;
  return `${Number(seconds.toPrecision(3))} s`;
}
