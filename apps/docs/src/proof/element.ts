/// <reference types="astro/client" />
import shared from "../runner/element.css?inline";
import { duration } from "../runner/endings.ts";
import { button, failureView, make } from "../runner/view.ts";
import own from "./element.css?inline";
import type { ProofJob, ProofReport } from "./messages.ts";
import { addGradients, addReference, emptyTally, figure, type Tally } from "./tally.ts";
import { CallsTable, FiguresTable } from "./view.ts";

const compared =
  "Runs here, in this page, in float64: output and next state are compared with plain loops written from the " +
  "equations, gradients with finite differences along a random direction.";

type Hear = { readonly [T in ProofReport["type"]]: (report: ProofReport & { type: T }) => void };

/**
 * `<ek-proof norm="batch-norm">`: compares a variant with its reference and its gradients with differences,
 * in a worker. `data-state` tells how far it is: idle, running, done, failed or stopped.
 */
class Proof extends HTMLElement {
  private readonly seed = make("input", { type: "number", min: "1", step: "1", value: "1" });
  private readonly runButton = button("Check it now", "main", () => this.run());
  private readonly againButton = button("Again with another seed", "", () => this.runAnew());
  private readonly stopButton = button("Stop", "", () => this.stop());
  private readonly status = make("p", { class: "status", role: "status" });
  private readonly figures = new FiguresTable();
  private readonly about = make("p", { class: "about" });
  private readonly details = make("details");
  private readonly trouble = make("div", { role: "alert" });
  private worker: Worker | undefined;
  private tally: Tally = emptyTally();
  private calls = 0;
  private table: CallsTable | undefined;

  private readonly hear: Hear = {
    calls: (report) => {
      const { calls, order } = report;
      this.tally = emptyTally(order);
      this.calls = calls.length;
      this.table = new CallsTable(calls, order);
      this.details.replaceChildren(make("summary", { text: "Every call" }), this.table.view);
      this.details.hidden = false;
      this.about.textContent = aboutOf(report, this.seed.value);
      this.draw();
    },
    reference: ({ call, agreement }) => {
      this.tally = addReference(this.tally, agreement);
      const { error, tolerance } = agreement;
      this.table?.fill(call, 0, figure(error), error <= tolerance);
      this.draw();
    },
    gradients: ({ call, figures }) => {
      this.tally = addGradients(this.tally, figures);
      for (const { order, relativeError, verdict } of figures) {
        const kink = verdict === "not smooth";
        const text = kink ? "at a kink" : figure(relativeError);
        this.table?.fill(call, order, text, kink || verdict === "right");
      }
      this.draw();
    },
    done: ({ seconds }) => {
      const rows = [this.tally.reference, ...this.tally.orders];
      const wrong = rows.some((row) => row.wrong > 0);
      const words = wrong ? "Something is wrong" : `All ${this.calls} calls checked`;
      this.end(wrong ? "failed" : "done", `${words} in ${duration(seconds)}.`);
    },
    failed: ({ failure }) => {
      this.trouble.replaceChildren(failureView(failure));
      this.end("failed", `Ended by an error: ${failure.name}.`);
    },
  };

  connectedCallback(): void {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(shared + own);
    root.adoptedStyleSheets = [sheet];
    const label = make("label", { text: "Seed " });
    label.append(this.seed);
    const bar = make("div", { class: "bar", role: "group", "aria-label": "Check this variant" });
    bar.append(this.runButton, this.stopButton, this.againButton, label, this.status);
    this.stopButton.hidden = true;
    this.againButton.hidden = true;
    this.details.hidden = true;
    root.append(this.figures.view, bar, this.about, this.details, this.trouble);
    this.dataset["state"] = "idle";
    this.about.textContent = compared;
    this.draw();
  }

  disconnectedCallback(): void {
    this.terminate();
  }

  private terminate(): void {
    this.worker?.terminate();
    this.worker = undefined;
  }

  private draw(): void {
    const asked = this.dataset["state"] !== "idle";
    this.figures.show(this.tally, this.calls, asked);
  }

  private runAnew(): void {
    this.seed.value = String(1 + Math.floor(9999 * Math.random()));
    this.run();
  }

  private run(): void {
    const seed = Math.max(1, Math.floor(this.seed.valueAsNumber) || 1);
    this.seed.value = String(seed);
    this.tally = emptyTally();
    this.calls = 0;
    this.trouble.replaceChildren();
    this.dataset["state"] = "running";
    this.status.textContent = "Checking…";
    this.stopButton.hidden = false;
    this.draw();
    const job: ProofJob = { norm: this.getAttribute("norm") ?? "", seed };
    this.terminate();
    this.worker = this.start();
    this.worker.postMessage(job);
  }

  private start(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      name: "evenkeel proof",
    });
    worker.addEventListener("message", ({ data }: MessageEvent<ProofReport>) => {
      if (this.worker === worker) this.hear[data.type](data as never);
    });
    worker.addEventListener("error", () => {
      const message = "The worker that checks could not be loaded. Load the page again.";
      if (this.worker === worker)
        this.hear.failed({ type: "failed", failure: { name: "Error", message } });
    });
    return worker;
  }

  private stop(): void {
    this.terminate();
    this.end("stopped", "Stopped.");
  }

  private end(state: string, words: string): void {
    this.dataset["state"] = state;
    this.status.textContent = words;
    this.terminate();
    this.againButton.hidden = false;
    if (this.shadowRoot?.activeElement === this.stopButton) this.runButton.focus();
    this.stopButton.hidden = true;
  }
}

/** What the figures are of. */
function aboutOf(
  {
    shape,
    order,
    reason = "none are promised that differences could check",
  }: ProofReport & { readonly type: "calls" },
  seed: string,
): string {
  const drawn = shape === "" ? "Inputs" : `x ${shape}`;
  const from = `${drawn} and parameters are drawn from seed ${seed}.`;
  if (order === 3) return `${compared} ${from}`;
  const missing = order === 0 ? "Gradients" : `Gradients above order ${order}`;
  return `${compared} ${from} ${missing} are not compared: ${reason}.`;
}

customElements.define("ek-proof", Proof);
