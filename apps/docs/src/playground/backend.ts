import { type Backend, cpu, useBackend } from "@evenkeel/autodiff";
import { wasm } from "@evenkeel/wasm";
import { troubleOf } from "./settings.ts";

/** How backends are called in messages. A further one is a name here and a line in `openers`. */
export type BackendName = "wasm" | "cpu";

/** What of the work decides how a backend is opened. */
export interface Work {
  /** Numbers that the largest layer writes in a step. */
  readonly activations: number;
}

/** The backend at work, and what the reader should know of the choice. */
export interface Opened {
  readonly name: BackendName;
  /** Threads that it may use. */
  readonly threads: number;
  /** Why it is not the one that was wanted. */
  readonly note: string | undefined;
}

interface Ready {
  readonly backend: Backend;
  readonly threads: number;
}

/** They may take their time: a GPU's device comes as a promise. */
const openers: Readonly<Record<BackendName, (work: Work) => Ready | Promise<Ready>>> = {
  wasm(work) {
    const threads = threadsFor(work);
    return { backend: wasm({ threads }), threads };
  },
  cpu: () => ({ backend: cpu, threads: 1 }),
};

/** Makes the first of the wanted backends that opens the current one. */
export async function openBackend(
  work: Work,
  wanted: readonly BackendName[] = ["wasm", "cpu"],
): Promise<Opened> {
  const failures: string[] = [];
  for (const name of wanted) {
    try {
      const { backend, threads } = await openers[name](work);
      useBackend(backend);
      const note = failures.length === 0 ? undefined : `${failures.join(" ")} Using ${name}.`;
      return { name, threads, note };
    } catch (error) {
      failures.push(`${name} did not open: ${troubleOf(error).message}`);
    }
  }
  throw new Error(failures.join(" "));
}

/** Below this many numbers per layer, handing work to other threads costs more than it saves. */
const WORTH_SHARING = 2 ** 17;

/** One core stays free for the page. */
function threadsFor({ activations }: Work): number {
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  const mayShare = globalThis.crossOriginIsolated === true;
  return mayShare && activations >= WORTH_SHARING ? Math.min(4, Math.max(1, cores - 1)) : 1;
}
