import type { Trial } from "@evenkeel/testkit";
import { format } from "../runner/format.ts";
import type { Subject } from "./cases.ts";
import type { CallWords, ProofReport } from "./messages.ts";

/** Checks every call of a subject and tells each figure as soon as it is known. */
export function prove(
  { order, reason, trials }: Subject,
  seed: number,
  tell: (report: ProofReport) => void,
): void {
  const before = performance.now();
  const all = trials(seed);
  const shapes = new Set(all.map(({ shape }) => `[${shape.join(", ")}]`));
  const shape = shapes.size === 1 ? [...shapes][0]! : "";
  tell({ type: "calls", calls: all.map(wordsOf), shape, order, ...(reason && { reason }) });
  all.forEach(({ reference }, call) => {
    tell({ type: "reference", call, agreement: reference() });
  });
  if (order > 0) {
    all.forEach(({ gradients }, call) => {
      tell({ type: "gradients", call, figures: gradients() });
    });
  }
  tell({ type: "done", seconds: (performance.now() - before) / 1000 });
}

function wordsOf({ options, mode = "" }: Trial): CallWords {
  return { options: options === undefined ? "" : format(options), mode };
}
