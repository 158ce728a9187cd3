import { release, ValueError } from "@evenkeel/autodiff";
import { readAccuracy } from "@evenkeel/lab/accuracy";
import type { Dataset } from "@evenkeel/lab/dataset";
import { checkName } from "@evenkeel/lab/names";
import { type Network, network } from "@evenkeel/lab/network";
import { lossOfStep, sizesOf } from "@evenkeel/lab/train";
import { Adam, type Optimizer, SGD } from "@evenkeel/nn";
import { mlp } from "./mlp.ts";
import { isLost, type Settings, type Trouble, troubleOf } from "./settings.ts";

/** How a norm fares: it trains until its numbers run out, or until it refuses what it is given. */
export type Status = "training" | "diverged" | "refused";

/** One norm in its network. */
export interface Run {
  readonly norm: string;
  readonly status: Status;
  /** Why it does not train any more. */
  readonly trouble: Trouble | undefined;
  /** Undefined where the norm refused to be made. */
  readonly net: Network | undefined;
  /** Milliseconds that its steps took, the mean of the latest; NaN before the first. */
  readonly msPerStep: number;
  /**
   * One step; the loss, or undefined where nothing was learned from the batch.
   *
   * @throws DeviceLostError, which is not the norm's fault.
   */
  advance(batch: readonly number[]): Promise<number | undefined>;
  /** Accuracy on held-out data in evaluation mode; undefined where that is refused. */
  evaluate(): Promise<number | undefined>;
}

/** Weight of the latest step in the mean time per step, once there are many. */
const LATEST = 0.05;

/** @throws OptionError for an unknown norm; what a known one refuses is told by its status. */
export function createRun(norm: string, data: Dataset, settings: Settings): Run {
  checkName("playground", norm);
  let [steps, msPerStep] = [0, Number.NaN];
  let status: Status = "training";
  let trouble: Trouble | undefined;
  const end = (how: Status, why: Trouble): undefined => {
    [status, trouble] = [how, why];
  };
  /** The result, or else the end of the run. */
  const attempt = async <R>(fn: () => Promise<R>): Promise<R | undefined> => {
    if (status !== "training") return undefined;
    try {
      return await fn();
    } catch (error) {
      if (isLost(error)) throw error;
      return end(reasonOf(error, steps), troubleOf(error));
    }
  };
  const trained = prepare(norm, data, settings, (error) => end("refused", troubleOf(error)));
  return {
    norm,
    net: trained?.net,
    get status() {
      return status;
    },
    get trouble() {
      return trouble;
    },
    get msPerStep() {
      return msPerStep;
    },
    async advance(batch) {
      const start = performance.now();
      const loss = await attempt(() => stepped(trained!, data, batch));
      if (loss === undefined) return undefined;
      if (!Number.isFinite(loss)) return end("diverged", notFinite);
      const took = performance.now() - start;
      // The first step, which compiles and allocates, is forgotten at the second.
      msPerStep = steps < 2 ? took : msPerStep + Math.max(LATEST, 1 / steps) * (took - msPerStep);
      steps++;
      return loss;
    },
    evaluate: () => attempt(() => evaluated(trained!.net, data)),
  };
}

interface Trained {
  readonly net: Network;
  readonly optimizer: Optimizer;
}

/** The loss of a step: the one number of it that leaves the backend. */
async function stepped(
  { net, optimizer }: Trained,
  data: Dataset,
  batch: readonly number[],
): Promise<number> {
  const loss = lossOfStep(net, optimizer, data, batch);
  try {
    return (await loss.read())[0]!;
  } finally {
    release(loss);
  }
}

async function evaluated({ model, condition }: Network, data: Dataset): Promise<number> {
  model.eval();
  try {
    return await readAccuracy(data, ({ x, domains }) => model.forward(x, condition(domains)));
  } finally {
    model.train();
  }
}

const notFinite: Trouble = {
  message: "The loss is not a finite number any more.",
  hint: "Try a smaller learning rate.",
};

/** Refusing to go on from NaN or Infinity is what divergence looks like, once something was learned. */
function reasonOf(error: unknown, steps: number): Status {
  return error instanceof ValueError && steps > 0 ? "diverged" : "refused";
}

/** A network and its optimizer; undefined, with the reason, where the norm refuses to be made. */
function prepare(
  norm: string,
  data: Dataset,
  { network: kind, optimizer, lr, seed }: Settings,
  refused: (error: unknown) => void,
): Trained | undefined {
  try {
    const sizes = sizesOf(data);
    const net = kind === "mlp" ? mlp(norm, sizes, seed) : network(norm, sizes, seed);
    const made = { adam: Adam, sgd: SGD }[optimizer];
    const options = optimizer === "sgd" ? { lr, momentum: 0.9 } : { lr };
    return { net, optimizer: new made(net.model, options) };
  } catch (error) {
    refused(error);
    return undefined;
  }
}
