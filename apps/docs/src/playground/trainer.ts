import type { Report, RunReport } from "./protocol.ts";
import type { Session } from "./session.ts";

/** Where a trainer runs. */
export interface Host {
  readonly report: (report: Report) => void;
  /** Milliseconds. */
  readonly now: () => number;
  /** Lets messages come in. */
  readonly rest: () => Promise<void>;
}

/** Trains a session piece by piece, and reports. */
export interface Trainer {
  /** Trains until the session is over or paused. */
  run(): Promise<void>;
  pause(): void;
  /** One step; nothing while it runs. */
  step(): Promise<void>;
  /** Measures another layer from now on, and soon for the first time. */
  look(layer: number): Promise<void>;
}

/** Ten reports a second at most. */
const REPORT_MS = 100;
/** Work between two looks at the messages. */
const SLICE_MS = 40;
/** Accuracies on a curve of all steps. */
const EVALUATIONS = 25;
/** A layer is measured this often, and not more than a tenth of the time. */
const MEASURE_MS = 500;

export function createTrainer(session: Session, layer: number, host: Host): Trainer {
  const ledger = createLedger(session);
  const glance = createGlance(session, host.now);
  const pace = createPace(host.now);
  const inTurn = createQueue();
  let [running, seen] = [false, layer];

  const advance = async (): Promise<void> => {
    await ledger.advance();
    pace.count();
  };
  const report = async (): Promise<void> => {
    const phase = session.over ? "over" : running ? "running" : "paused";
    const atOnce = phase !== "running" || layer !== seen;
    seen = layer;
    const measured = await glance(layer, atOnce);
    const { step } = session;
    host.report({ kind: "report", step, phase, rate: pace.rate(), runs: ledger.drain(), measured });
  };
  const train = async (): Promise<void> => {
    pace.begin();
    await report();
    const going = (): boolean => running && !session.over;
    await inSlices({ host, going, turned: () => layer !== seen, advance, report });
    running = false;
    await report();
  };
  const one = async (): Promise<void> => {
    if (session.over) return;
    pace.begin();
    await advance();
    await report();
  };
  return {
    async run() {
      if (running) return;
      running = true;
      await inTurn(train);
    },
    pause() {
      running = false;
    },
    async step() {
      if (!running) await inTurn(one);
    },
    look(next) {
      layer = next;
      return inTurn(async () => (layer === seen ? undefined : report()));
    },
  };
}

/**
 * Does one work after the other. Messages come in while one waits for numbers, and nothing else may train or
 * measure then.
 */
function createQueue(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (work) => {
    last = last.then(work, work);
    return last;
  };
}

interface Work {
  readonly host: Host;
  readonly going: () => boolean;
  /** Whether another layer is to be seen. */
  readonly turned: () => boolean;
  readonly advance: () => Promise<void>;
  readonly report: () => Promise<void>;
}

/** Advances as long as it is to go on, with reports and rests in between. */
async function inSlices({ host, going, turned, advance, report }: Work): Promise<void> {
  let [reported, rested] = [host.now(), host.now()];
  while (going()) {
    await advance();
    const now = host.now();
    if ((now - reported >= REPORT_MS || turned()) && going()) {
      await report();
      reported = host.now();
    }
    if (now - rested < SLICE_MS) continue;
    await host.rest();
    rested = host.now();
  }
}

/** Steps and evaluations, and what of them was not yet reported. */
function createLedger(session: Session): {
  advance(): Promise<void>;
  drain(): readonly RunReport[];
} {
  const every = Math.max(1, Math.ceil(session.settings.steps / EVALUATIONS));
  const pending = session.runs.map(() => ({
    losses: [] as number[],
    accuracies: [] as { step: number; accuracy: number }[],
  }));
  return {
    async advance() {
      (await session.advance()).forEach((loss, i) => {
        if (loss !== undefined) pending[i]!.losses.push(loss);
      });
      if (session.step % every !== 0 && !session.over) return;
      (await session.evaluate()).forEach((accuracy, i) => {
        if (accuracy !== undefined) pending[i]!.accuracies.push({ step: session.step, accuracy });
      });
    },
    drain() {
      return session.runs.map(({ norm, status, trouble, msPerStep }, i) => {
        const { losses, accuracies } = pending[i]!;
        const fresh = { losses: losses.splice(0), accuracies: accuracies.splice(0) };
        return { norm, status, trouble, msPerStep, ...fresh };
      });
    },
  };
}

/** Measures a layer, but not too often; at once where it is asked to. */
function createGlance(
  session: Session,
  now: () => number,
): (layer: number, atOnce: boolean) => Promise<Report["measured"]> {
  let next = 0;
  return async (layer, atOnce) => {
    const start = now();
    if (session.step === 0 || (!atOnce && start < next)) return undefined;
    const found = await session.measure(layer);
    const took = now() - start;
    next = start + took + Math.max(MEASURE_MS, 9 * took);
    return found;
  };
}

/** Steps per second, forgetting slowly what was long ago. */
function createPace(now: () => number): { begin(): void; count(): void; rate(): number } {
  let [since, steps, smooth] = [0, 0, Number.NaN];
  return {
    begin() {
      [since, steps] = [now(), 0];
    },
    count() {
      steps++;
    },
    rate() {
      const seconds = (now() - since) / 1000;
      if (steps > 0 && seconds > 0) {
        const latest = steps / seconds;
        smooth = Number.isNaN(smooth) ? latest : smooth + 0.2 * (latest - smooth);
        [since, steps] = [now(), 0];
      }
      return smooth;
    },
  };
}
