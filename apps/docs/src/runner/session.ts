import type { Failure, Item, Job, Report } from "./messages.ts";

/** How a run ended. */
export type End =
  | { readonly kind: "done"; readonly seconds: number }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "stopped" }
  | { readonly kind: "late"; readonly seconds: number };

/**
 * What a run tells the page. For a moment after it is done items may still come, and even a failure, of what
 * it had started and did not wait for.
 */
export interface Watcher {
  readonly started: () => void;
  readonly item: (item: Item) => void;
  readonly ended: (end: End) => void;
}

/** As much of a Worker as a run needs. */
export type Helper = Pick<Worker, "postMessage" | "terminate" | "addEventListener">;

export interface Run {
  /** Ends the run wherever it is. */
  readonly stop: () => void;
}

/** Milliseconds that a program may take, and those it gets for what it started without waiting. */
const limit = 20_000;
const linger = 1_000;

/** Runs a job in a worker of its own; whatever the program does, the page goes on. */
export function startRun(job: Job, watcher: Watcher, makeWorker: () => Helper = freshWorker): Run {
  const worker = makeWorker();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let phase: "running" | "lingering" | "over" = "running";
  const silence = (): void => {
    phase = "over";
    clearTimeout(timer);
    worker.terminate();
  };
  const end = (how: End): void => {
    if (phase === "over") return;
    silence();
    watcher.ended(how);
  };
  const hear: Readonly<{ [T in Report["type"]]: (report: Report & { type: T }) => void }> = {
    started() {
      timer = setTimeout(() => end({ kind: "late", seconds: limit / 1000 }), limit);
      watcher.started();
    },
    item: ({ item }) => watcher.item(item),
    done({ seconds }) {
      phase = "lingering";
      clearTimeout(timer);
      timer = setTimeout(silence, linger);
      watcher.ended({ kind: "done", seconds });
    },
    failed: ({ failure }) => end({ kind: "failed", failure }),
  };
  worker.addEventListener("message", ({ data }: MessageEvent<Report>) => {
    if (phase !== "over") hear[data.type](data as never);
  });
  worker.addEventListener("error", () => {
    const message = "The worker that runs programs could not be loaded.";
    const hint = "Load the page again.";
    end({ kind: "failed", failure: { name: "Error", message, hint } });
  });
  worker.postMessage(job);
  return { stop: () => (phase === "lingering" ? silence() : end({ kind: "stopped" })) };
}

function freshWorker(): Helper {
  return new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "evenkeel example",
  });
}
