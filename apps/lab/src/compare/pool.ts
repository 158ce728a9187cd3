import { MessageChannel } from "node:worker_threads";
import { Piscina } from "piscina";
import type { Dataset, Split } from "../data/dataset.ts";
import type { RunResult } from "../report/results.ts";
import type { Progress } from "./progress.ts";
import type { Job } from "./train.ts";

/** Runs jobs in worker threads, the long ones first; results come in the order of the jobs. */
export async function runJobs(
  data: Dataset,
  jobs: readonly Job[],
  threads: number,
  progress: Progress,
): Promise<readonly RunResult[]> {
  const pool = new Piscina({
    filename: new URL("./worker.ts", import.meta.url).href,
    name: "runTask",
    minThreads: threads,
    maxThreads: threads,
    workerData: { ...data, train: shared(data.train), test: shared(data.test) },
  });
  const cost = ({ steps, batchSize }: Job): number => steps * (batchSize + 4);
  const order = [...jobs.keys()].sort((a, b) => cost(jobs[b]!) - cost(jobs[a]!));
  const results: RunResult[] = [];
  try {
    await Promise.all(
      order.map(async (i) => {
        results[i] = await runJob(pool, jobs[i]!, progress);
        progress.finish(jobs[i]!, results[i]);
      }),
    );
  } finally {
    progress.stop();
    await pool.destroy();
  }
  return results;
}

async function runJob(pool: Piscina, job: Job, progress: Progress): Promise<RunResult> {
  const { port1, port2 } = new MessageChannel();
  port1.on("message", (step: number) => progress.step(job, step));
  try {
    const task = { job, port: port2 };
    return (await pool.run(task, { transferList: [port2] })) as RunResult;
  } finally {
    port1.close();
  }
}

/** The split in memory that threads see without copying. */
function shared(split: Split): Split {
  const share = <T extends Float32Array | Int32Array>(
    array: T,
    Kind: new (buffer: SharedArrayBuffer) => T,
  ): T => {
    const copy = new Kind(new SharedArrayBuffer(array.byteLength));
    copy.set(array);
    return copy;
  };
  return {
    ...split,
    images: share(split.images, Float32Array as never),
    labels: share(split.labels, Int32Array as never),
    domains: split.domains && share(split.domains, Int32Array as never),
  };
}
