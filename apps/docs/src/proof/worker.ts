import { failureOf } from "../runner/failure.ts";
import { subjectOf } from "./cases.ts";
import type { ProofJob, ProofReport } from "./messages.ts";
import { prove } from "./prove.ts";

const tell = (report: ProofReport): void => globalThis.postMessage(report);

async function start({ norm, seed }: ProofJob): Promise<void> {
  try {
    prove(await subjectOf(norm), seed, tell);
  } catch (error) {
    tell({ type: "failed", failure: failureOf(error) });
  }
}

addEventListener("message", ({ data }: MessageEvent<ProofJob>) => void start(data));
