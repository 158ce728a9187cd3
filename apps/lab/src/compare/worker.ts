import { type MessagePort, workerData } from "node:worker_threads";
import { useBackend } from "@evenkeel/autodiff";
import { wasm } from "@evenkeel/wasm";
import type { Dataset } from "../data/dataset.ts";
import type { RunResult } from "../report/results.ts";
import { type Job, train } from "./train.ts";

useBackend(wasm());

export interface Task {
  readonly job: Job;
  /** Hears the number of steps done. */
  readonly port: MessagePort;
}

/** What a worker thread runs; the data set lies in memory that all of them share. */
export function runTask({ job, port }: Task): RunResult {
  const tell = Math.max(1, Math.floor(job.steps / 20));
  const result = train(workerData as Dataset, job, (step) => {
    if (step % tell === 0 || step === job.steps) port.postMessage(step);
  });
  port.close();
  return result;
}
