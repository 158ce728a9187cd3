/// <reference types="astro/client" />
import type { Editor } from "./editor.ts";
import css from "./element.css?inline";
import { endingOf } from "./endings.ts";
import type { Job } from "./messages.ts";
import { type End, type Run, startRun } from "./session.ts";
import { button, failureView, itemView, make } from "./view.ts";

/**
 * `<ek-example src="batch-norm/batch-norm">` with the example's code inside: runs it in a worker, and lets
 * it be edited. `data-state` tells how far it is: idle, loading, running, done, failed, stopped or late.
 */
class Example extends HTMLElement {
  private readonly code = make("div");
  private readonly place = make("div", { class: "editor", hidden: "hidden" });
  private readonly keys = make("p", { class: "keys", id: "keys", hidden: "hidden" });
  private readonly status = make("p", { class: "status", role: "status" });
  private readonly output = make("div", { class: "output", role: "log", tabindex: "0" });
  private readonly runButton = button("Run", "main", () => this.run());
  private readonly stopButton = button("Stop", "", () => this.current?.stop());
  private readonly editButton = button("Edit", "", () => void this.edit());
  private readonly resetButton = button("Reset", "", () => this.reset());
  private current: Run | undefined;
  private editor: Editor | undefined;

  connectedCallback(): void {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
    this.code.append(make("slot"));
    this.keys.textContent =
      "Ctrl+Enter or Cmd+Enter runs it. Tab indents; Escape, then Tab leaves the editor. " +
      "Beside console.log there are print, table(rows) and plot(numbers).";
    this.output.setAttribute("aria-label", "Output");
    const bar = make("div", { class: "bar", role: "group", "aria-label": "Run this program" });
    bar.append(this.runButton, this.stopButton, this.editButton, this.resetButton, this.status);
    this.stopButton.hidden = true;
    this.resetButton.hidden = true;
    root.append(this.code, this.place, this.keys, bar, this.output);
    this.dataset["state"] = "idle";
  }

  disconnectedCallback(): void {
    this.current?.stop();
  }

  private run(): void {
    const example = this.getAttribute("src") ?? "";
    const job: Job = this.editor ? { program: this.editor.text() } : { example };
    this.current?.stop();
    this.output.replaceChildren();
    this.show("loading", "Loading…");
    this.stopButton.hidden = false;
    this.current = startRun(job, {
      started: () => this.show("running", "Running…"),
      item: (item) => void this.output.append(itemView(item)),
      ended: (end) => this.end(end),
    });
  }

  private end(end: End): void {
    if (end.kind === "failed") {
      const { editor } = this;
      this.output.append(failureView(end.failure, editor && ((line) => editor.showLine(line))));
    }
    this.show(end.kind, endingOf(end));
    // What has the focus must not vanish under it.
    if (this.shadowRoot?.activeElement === this.stopButton) this.runButton.focus();
    this.stopButton.hidden = true;
  }

  private show(state: string, words: string): void {
    this.dataset["state"] = state;
    this.status.textContent = words;
  }

  private async edit(): Promise<void> {
    if (this.editor) return this.editor.focus();
    this.status.textContent = "Loading the editor…";
    try {
      const [{ openEditor }, { sources }] = await Promise.all([
        import("./editor.ts"),
        import("./sources.ts"),
      ]);
      const text = await sources[this.getAttribute("src") ?? ""]?.();
      this.place.hidden = false;
      this.editor ??= openEditor(this.place, (text ?? "").trimEnd(), () => this.run());
      this.status.textContent = "";
    } catch {
      this.status.textContent = "The editor could not be loaded. Load the page again.";
      return;
    }
    this.code.hidden = true;
    this.keys.hidden = false;
    this.editButton.hidden = true;
    this.resetButton.hidden = false;
    this.editor.focus();
  }

  /** Back to the code as it was. */
  private reset(): void {
    this.current?.stop();
    this.current = undefined;
    this.editor?.close();
    this.editor = undefined;
    this.output.replaceChildren();
    this.show("idle", "");
    this.code.hidden = false;
    this.place.hidden = true;
    this.keys.hidden = true;
    this.editButton.hidden = false;
    this.editButton.focus();
    this.resetButton.hidden = true;
  }
}

customElements.define("ek-example", Example);
