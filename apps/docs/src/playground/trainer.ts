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
  step(): void;
  look(layer: number): void;
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
  let running = false;

  const advance = (): void => {
    ledger.advance();
    pace.count();
  };
  const report = (atOnce = false): void => {
    const phase = session.over ? "over" : running ? "running" : "paused";
    const measured = glance(layer, atOnce || phase !== "running");
    const { step } = session;
    host.report({ kind: "report", step, phase, rate: pace.rate(), runs: ledger.drain(), measured });
  };
  return {
    async run() {
      if (running) return;
      running = true;
      pace.begin();
      report();
      await inSlices({ host, going: () => running && !session.over, advance, report });
      running = false;
      report();
    },
    pause() {
      running = false;
    },
    step() {
      if (running || session.over) return;
      pace.begin();
      advance();
      report();
    },
    look(next) {
      layer = next;
      report(true);
    },
  };
}

interface Work {
  readonly host: Host;
  readonly going: () => boolean;
  readonly advance: () => void;
  readonly report: () => void;
}

/** Advances as long as it is to go on, with reports and rests in between. */
async function inSlices({ host, going, advance, report }: Work): Promise<void> {
  let [reported, rested] = [host.now(), host.now()];
  while (going()) {
    advance();
    const now = host.now();
    if (now - reported >= REPORT_MS && going()) {
      report();
      reported = host.now();
    }
    if (now - rested < SLICE_MS) continue;
    await host.rest();
    rested = host.now();
  }
}

/** Steps and evaluations, and what of them was not yet reported. */
function createLedger(session: Session): { advance(): void; drain(): readonly RunReport[] } {
  const every = Math.max(1, Math.ceil(session.settings.steps / EVALUATIONS));
  const pending = session.runs.map(() => ({
    losses: [] as number[],
    accuracies: [] as { step: number; accuracy: number }[],
  }));
  return {
    advance() {
      session.advance().forEach((loss, i) => {
        if (loss !== undefined) pending[i]!.losses.push(loss);
      });
      if (session.step % every !== 0 && !session.over) return;
      session.evaluate().forEach((accuracy, i) => {
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
): (layer: number, atOnce: boolean) => Report["measured"] {
  let next = 0;
  return (layer, atOnce) => {
    const start = now();
    if (session.step === 0 || (!atOnce && start < next)) return undefined;
    const found = session.measure(layer);
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
