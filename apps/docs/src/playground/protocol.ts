import type { Opened, Timing } from "./backend.ts";
import type { Measured } from "./measure.ts";
import type { Status } from "./run.ts";
import type { Settings, Trouble } from "./settings.ts";

/** What the page tells the worker. Nothing is answered but by the messages below. */
export type ToWorker =
  | {
      readonly kind: "start";
      readonly settings: Settings;
      readonly layer: number;
      readonly paused: boolean;
      /** What an earlier worker found out about the GPU, so that it is timed once. */
      readonly timing: Timing | undefined;
    }
  | { readonly kind: "resume" }
  | { readonly kind: "pause" }
  /** One step, then pause. */
  | { readonly kind: "step" }
  | { readonly kind: "layer"; readonly layer: number };

/** What has become of one norm since the last report. */
export interface RunReport {
  readonly norm: string;
  readonly status: Status;
  readonly trouble: Trouble | undefined;
  /** One for every step since the last report, as long as the norm trained. */
  readonly losses: readonly number[];
  /** Accuracies on held-out data since the last report, with their steps. */
  readonly accuracies: readonly { readonly step: number; readonly accuracy: number }[];
  /** NaN before the first step. */
  readonly msPerStep: number;
}

export interface Report {
  readonly kind: "report";
  readonly step: number;
  readonly phase: "running" | "paused" | "over";
  /** Steps of all norms together, per second. */
  readonly rate: number;
  readonly runs: readonly RunReport[];
  /** Only where the layer was measured anew. */
  readonly measured: readonly Measured[] | undefined;
}

/** What the worker tells the page. */
export type FromWorker =
  | { readonly kind: "ready"; readonly opened: Opened }
  | Report
  /** Nothing can be trained any more; `lost` where that is because the GPU is gone. */
  | { readonly kind: "failed"; readonly trouble: Trouble; readonly lost: boolean };
