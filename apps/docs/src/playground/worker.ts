import { openBackend } from "./backend.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { createSession } from "./session.ts";
import { isLost, troubleOf } from "./settings.ts";
import { createTrainer, type Trainer } from "./trainer.ts";

/** As much of a worker's global scope as is used; the library of its types does not go with a page's. */
interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker): void;
}
const page = globalThis as unknown as Scope;

let trainer: Trainer | undefined;

page.onmessage = ({ data }) => {
  void answer(data).catch((error: unknown) => {
    trainer = undefined;
    page.postMessage({ kind: "failed", trouble: troubleOf(error), lost: isLost(error) });
  });
};

async function answer(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "start": {
      trainer = await start(message);
      return message.paused ? trainer.step() : trainer.run();
    }
    case "resume":
      return trainer?.run();
    case "pause":
      return trainer?.pause();
    case "step":
      return trainer?.step();
    case "layer":
      return trainer?.look(message.layer);
  }
}

async function start({ settings, layer, timing }: ToWorker & { kind: "start" }): Promise<Trainer> {
  // The first convolution's feature maps are the largest activations: 16 channels of 16 by 16.
  const perSample = settings.network === "conv" ? 16 * 16 * 16 : 64;
  const activations = settings.batch * perSample;
  const opened = await openBackend(settings.on, { activations, timing });
  const session = createSession(settings);
  page.postMessage({ kind: "ready", opened });
  const report = page.postMessage.bind(page);
  return createTrainer(session, layer, { report, now: () => performance.now(), rest });
}

const channel = new MessageChannel();

/** A timer would wait some milliseconds for nothing. */
function rest(): Promise<void> {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(null);
  });
}
