import type { Opened, Timing } from "./backend.ts";
import type { Choice } from "./catalogue.ts";
import { type Controls, createControls } from "./controls.ts";
import { h } from "./dom.ts";
import { createRedrawing, type Redrawing, whenIdle } from "./drawing.ts";
import { findMissing } from "./engine-field.ts";
import { createNotes, createPresets, createStatusLine, type Note, troubleNotes } from "./head.ts";
import { emptyHistory, type History, summary, withReport } from "./history.ts";
import type { FromWorker } from "./protocol.ts";
import { seriesOf } from "./series.ts";
import { openLink, type SessionLink } from "./session-link.ts";
import type { Settings } from "./settings.ts";
import { createStage } from "./stage.ts";
import { createTransport, type Phase, phaseWords } from "./transport.ts";
import { formatHash, isState, parseHash, type View } from "./url-state.ts";
import { createViewTools, type ViewTools } from "./view-tools.ts";

/** A reader of screens hears no more than this. */
const SPOKEN_MS = 5000;

/** The page's side: what is chosen, what the worker has told, and what of both is shown. */
export class Playground {
  private settings: Settings;
  private view: View;
  private history: History;
  private phase: Phase = "idle";
  private link: SessionLink | undefined;
  private opened: Opened | undefined;
  private timing: Timing | undefined;
  private notes: readonly Note[];
  private labels = new Map<string, string>();
  private preview: typeof import("./preview.ts").preview | undefined;
  private charts: typeof import("./charts.ts") | undefined;
  private spokenAt = 0;
  private readonly controls: Controls;
  private readonly tools: ViewTools;
  private readonly redrawing: Redrawing;
  private readonly transport = createTransport({
    start: () => this.start(false),
    pause: () => this.link?.send({ kind: "pause" }),
    resume: () => this.link?.send({ kind: "resume" }),
    step: () => this.step(),
    stop: () => this.stop(),
    reset: () => this.reset(),
  });
  private readonly run = h("div", { class: "ekp-run" });
  private readonly status = createStatusLine();
  private readonly notesBox = createNotes();
  private readonly spoken = h("p", { class: "ekp-spoken", "aria-live": "polite" });
  private readonly stage;
  private readonly leaving = new AbortController();

  constructor(host: HTMLElement) {
    const { settings, view, notes } = parseHash(location.hash);
    [this.settings, this.view] = [settings, view];
    this.notes = notes.map((text) => ({ text, bad: false }));
    this.history = emptyHistory(settings);
    this.controls = createControls(settings, (next) => this.choose(next));
    this.tools = createViewTools(view, (next) => this.look(next));
    this.stage = createStage(this.tools);
    this.redrawing = createRedrawing(() => this.draw());
    this.build(host);
    const { signal } = this.leaving;
    window.addEventListener("hashchange", () => this.follow(), { signal });
    window.addEventListener("resize", () => this.redrawing.ask(), { signal });
    this.draw();
    void this.learnNames(host.dataset["norms"]);
    whenIdle(() => void this.loadRest());
  }

  /** Ends the worker, and whatever else would go on. */
  end(): void {
    this.link?.end();
    this.redrawing.end();
    this.leaving.abort();
  }

  private build(host: HTMLElement): void {
    const presets = createPresets(
      ({ settings }) => {
        const { on } = this.settings;
        history.pushState(null, "", formatHash({ ...settings, on }, this.view));
        this.follow();
        this.start(false);
      },
      () => this.writeHash(),
    );
    this.run.append(this.transport.element, this.status.element);
    const side = h("div", { class: "ekp-side" });
    side.append(this.controls.element, this.run);
    this.stage.element.prepend(this.notesBox.element);
    host.classList.add("not-content");
    host.replaceChildren(
      presets,
      h("div", { class: "ekp-body" }, side, this.stage.element),
      this.spoken,
    );
  }

  /** Settings changed by hand: they wait for the next start. */
  private choose(settings: Settings): void {
    this.settings = settings;
    this.notes = [];
    if (this.phase === "idle") this.history = emptyHistory(settings);
    this.writeHash();
    this.redrawing.ask();
  }

  private look(view: View): void {
    if (view.layer !== this.view.layer) this.link?.send({ kind: "layer", layer: view.layer });
    this.view = view;
    this.writeHash();
    this.redrawing.ask();
  }

  private writeHash(): void {
    history.replaceState(null, "", formatHash(this.settings, this.view));
  }

  /** The hash has changed: a link, or the way back. */
  private follow(): void {
    if (!isState(location.hash)) return;
    const { settings, view, notes } = parseHash(location.hash);
    this.choose(settings);
    this.look(view);
    this.controls.show(settings);
    this.tools.show(view);
    this.notes = notes.map((text) => ({ text, bad: false }));
  }

  private start(paused: boolean): void {
    void this.loadCharts();
    this.link?.end();
    const { settings, timing } = this;
    this.history = emptyHistory(settings);
    this.notes = [];
    this.opened = undefined;
    this.phase = "opening";
    const link = openLink((message) => {
      if (this.link === link) this.hear(message);
    });
    this.link = link;
    link.send({ kind: "start", settings, layer: this.view.layer, paused, timing });
    // On a phone the curves are further down.
    const { top } = this.stage.element.getBoundingClientRect();
    if (top > 0.8 * window.innerHeight) this.run.scrollIntoView();
    this.redrawing.ask();
  }

  private step(): void {
    if (this.phase === "paused") this.link?.send({ kind: "step" });
    else this.start(true);
  }

  private stop(): void {
    this.link?.end();
    this.link = undefined;
    this.phase = "stopped";
    this.speak();
    this.redrawing.ask();
  }

  private reset(): void {
    this.link?.end();
    this.link = undefined;
    this.phase = "idle";
    this.notes = [];
    this.history = emptyHistory(this.settings);
    this.redrawing.ask();
  }

  private hear(message: FromWorker): void {
    if (message.kind === "ready") {
      const { note, timing = this.timing } = message.opened;
      [this.opened, this.timing] = [message.opened, timing];
      if (note) this.notes = [...this.notes, { text: note, bad: false }];
    } else if (message.kind === "failed") {
      this.fail(message);
    } else {
      this.history = withReport(this.history, message);
      const turned = message.phase !== this.phase;
      this.phase = message.phase;
      if (turned || performance.now() - this.spokenAt > SPOKEN_MS) this.speak();
    }
    this.redrawing.ask();
  }

  private fail({ trouble, lost }: FromWorker & { kind: "failed" }): void {
    const { message: text, hint } = trouble;
    this.stop();
    // What was on the device is gone; the next start shall not meet it again.
    if (lost) {
      this.choose({ ...this.settings, on: "wasm" });
      this.controls.show(this.settings);
    }
    const again = "What was trained there is gone. Start again: it will run on WebAssembly.";
    this.notes = [{ text, hint: lost ? again : hint, bad: true }];
  }

  private speak(): void {
    this.spokenAt = performance.now();
    this.spoken.textContent = `${phaseWords[this.phase]}. ${summary(this.history, this.labelOf)}`;
  }

  private readonly labelOf = (id: string): string => this.labels.get(id) ?? id;

  private draw(): void {
    const { history, phase, view } = this;
    this.transport.show(phase, formatHash(this.settings) !== formatHash(history.settings));
    this.status.show(history, phaseWords[phase], this.opened);
    this.notesBox.show([...this.notes, ...troubleNotes(this.history, this.labelOf)]);
    this.showPreview();
    const series = seriesOf(history.settings.norms, this.labelOf);
    this.stage.draw({ history, series, view }, this.charts);
  }

  private async learnNames(given: string | undefined): Promise<void> {
    const choices: readonly Choice[] = given
      ? JSON.parse(given)
      : (await import("./catalogue.ts")).catalogue();
    this.labels = new Map(choices.map(({ id, label }) => [id, label]));
    this.controls.offer(choices);
    this.controls.show(this.settings);
    this.redrawing.ask();
  }

  /** What can wait until the page has nothing else to do. */
  private async loadRest(): Promise<void> {
    await Promise.all([this.loadCharts(), this.loadPreview()]);
    this.controls.refuse(await findMissing());
  }

  private async loadPreview(): Promise<void> {
    this.preview ??= (await import("./preview.ts")).preview;
    this.showPreview();
  }

  private showPreview(): void {
    const { data } = this.settings;
    const { picture } = this.controls;
    if (!this.preview || picture.dataset["of"] === data) return;
    picture.dataset["of"] = data;
    picture.replaceChildren(this.preview(data));
  }

  private async loadCharts(): Promise<void> {
    this.charts ??= await import("./charts.ts");
    this.redrawing.ask();
  }
}
