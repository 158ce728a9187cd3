import { ValueError } from "@evenkeel/autodiff";
import { accuracy } from "@evenkeel/lab/accuracy";
import type { Dataset } from "@evenkeel/lab/dataset";
import { checkName } from "@evenkeel/lab/names";
import { type Network, network } from "@evenkeel/lab/network";
import { sizesOf, trainingStep } from "@evenkeel/lab/train";
import { Adam, type Optimizer, SGD } from "@evenkeel/nn";
import { mlp } from "./mlp.ts";
import { type Settings, type Trouble, troubleOf } from "./settings.ts";

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
  /** One step; the loss, or undefined where nothing was learned from the batch. */
  advance(batch: readonly number[]): number | undefined;
  /** Accuracy on held-out data in evaluation mode; undefined where that is refused. */
  evaluate(): number | undefined;
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
  const attempt = <R>(fn: () => R): R | undefined => {
    if (status !== "training") return undefined;
    try {
      return fn();
    } catch (error) {
      return end(reasonOf(error, steps), troubleOf(error));
    }
  };
  const trained = attempt(() => prepare(norm, data, settings));
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
    advance(batch) {
      const start = performance.now();
      const loss = attempt(() => trainingStep(trained!.net, trained!.optimizer, data, batch));
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

function evaluated({ model, condition }: Network, data: Dataset): number {
  model.eval();
  try {
    return accuracy(data, ({ x, domains }) => model.forward(x, condition(domains)));
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

function prepare(
  norm: string,
  data: Dataset,
  { network: kind, optimizer, lr, seed }: Settings,
): { readonly net: Network; readonly optimizer: Optimizer } {
  const net = kind === "mlp" ? mlp(norm, sizesOf(data), seed) : network(norm, sizesOf(data), seed);
  const made = { adam: Adam, sgd: SGD }[optimizer];
  return {
    net,
    optimizer: new made(net.model, optimizer === "sgd" ? { lr, momentum: 0.9 } : { lr }),
  };
}
