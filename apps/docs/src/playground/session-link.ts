import type { FromWorker, ToWorker } from "./protocol.ts";
import { troubleOf } from "./settings.ts";

/** A worker that trains; ending it ends whatever it is in the middle of. */
export interface SessionLink {
  send(message: ToWorker): void;
  end(): void;
}

/** @param hear - Gets what the worker says, and a "failed" where it cannot be loaded or breaks. */
export function openLink(hear: (message: FromWorker) => void): SessionLink {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "playground",
  });
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => hear(data);
  worker.onerror = (event) => {
    event.preventDefault();
    hear({
      kind: "failed",
      trouble: troubleOf(event.message || "The worker could not be loaded."),
      lost: false,
    });
  };
  return {
    send: (message) => worker.postMessage(message),
    end: () => worker.terminate(),
  };
}
