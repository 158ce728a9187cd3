import { h } from "./dom.ts";

/** What the playground is doing. */
export type Phase = "idle" | "opening" | "running" | "paused" | "over" | "stopped";

/** What the buttons ask for. */
export interface Orders {
  start(): void;
  pause(): void;
  resume(): void;
  step(): void;
  stop(): void;
  reset(): void;
}

export const phaseWords: Readonly<Record<Phase, string>> = {
  idle: "Ready",
  opening: "Starting",
  running: "Training",
  paused: "Paused",
  over: "Done",
  stopped: "Stopped",
};

/** The buttons. */
export interface Transport {
  readonly element: HTMLElement;
  /** @param changed - Whether the settings are others than those that train. */
  show(phase: Phase, changed: boolean): void;
}

export function createTransport(orders: Orders): Transport {
  const main = h("button", { type: "button", class: "ekp-main" });
  const step = h("button", { type: "button" }, "Step");
  const stop = h("button", { type: "button" }, "Stop");
  const reset = h("button", { type: "button" }, "Reset");
  let act = orders.start;
  main.addEventListener("click", () => act());
  step.addEventListener("click", () => orders.step());
  stop.addEventListener("click", () => orders.stop());
  reset.addEventListener("click", () => orders.reset());
  return {
    element: h(
      "div",
      { class: "ekp-buttons", role: "group", "aria-label": "Training" },
      ...[main, step, stop, reset],
    ),
    show(phase, changed) {
      const active = phase === "running" || phase === "opening" || phase === "paused";
      const [label, order] = mainOf(phase, changed, orders);
      main.textContent = label;
      act = order;
      step.disabled = phase === "running" || phase === "opening" || (phase === "paused" && changed);
      stop.disabled = !active;
      reset.disabled = phase === "idle";
    },
  };
}

function mainOf(phase: Phase, changed: boolean, orders: Orders): readonly [string, () => void] {
  if (phase === "idle") return ["Start", orders.start];
  if (changed) return ["Restart with these", orders.start];
  if (phase === "running" || phase === "opening") return ["Pause", orders.pause];
  if (phase === "paused") return ["Resume", orders.resume];
  return ["Start again", orders.start];
}
