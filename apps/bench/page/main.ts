import { backendTolerance } from "@evenkeel/testkit";
import type { BenchCase } from "../src/case.ts";
import type { Engine } from "../src/suite.ts";
import { byId, element } from "./element.ts";
import type { PageEngine } from "./engines.ts";
import { fillForm, readForm } from "./form.ts";
import { describeMachine, isSoftware, type PageMachine } from "./machine.ts";
import { onWasm } from "./reference.ts";
import { isTimed, reportOf, reportText } from "./report.ts";
import { type Row, runSession, said } from "./session.ts";
import { caseTable } from "./table.ts";

const form = byId<HTMLFormElement>("form");
const [run, stop, save, copy] = ["run", "stop", "save", "copy"].map((id) =>
  byId<HTMLButtonElement>(id),
) as [HTMLButtonElement, HTMLButtonElement, HTMLButtonElement, HTMLButtonElement];
const progress = byId<HTMLProgressElement>("progress");
const status = byId("status");
const results = byId("results");

/** By name, and number of threads where it matters; a broken one is started anew. */
const started = new Map<string, Engine<BenchCase>>();
let rows: Row[] = [];
let abort = new AbortController();

const machine = await describeMachine();
showMachine(machine);
await fillForm(form);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void start();
});
stop.addEventListener("click", () => {
  abort.abort();
  status.textContent = "Stopping after this turn.";
});
save.addEventListener("click", download);
copy.addEventListener("click", () => void copyReport());
document.documentElement.dataset["state"] = "ready";

function showMachine({ versions, isolated, ...told }: PageMachine): void {
  const entries = {
    WebGPU: told.webgpu,
    WebGL2: told.webgl2,
    cores: `${told.cores}${isolated ? "" : ", WebAssembly on one: this page is not cross-origin isolated"}`,
    browser: told.userAgent,
  };
  for (const [name, value] of Object.entries(entries)) {
    byId("machine").append(element("dt", {}, [name]), element("dd", {}, [value]));
  }
  byId("software").hidden = !isSoftware(told);
}

async function start(): Promise<void> {
  const { engines, cases, runs, budgetMs, threads } = readForm(form);
  if (engines.length === 0 || cases.length === 0) {
    status.textContent = "Choose an engine and a case.";
    return;
  }
  begin();
  try {
    const { signal } = abort;
    await runSession({
      cases,
      engines: await startAll(engines, threads),
      runs,
      budgetMs,
      reference: onWasm,
      tolerance: backendTolerance("gpu").gradient,
      signal,
      onProgress: showProgress,
      onRows: showRows,
    });
    status.textContent = signal.aborted ? "Stopped." : "Done.";
  } catch (error) {
    status.textContent = `It broke down: ${said(error)}`;
  } finally {
    end();
  }
}

/** Those that start; the others are told of once. */
async function startAll(
  engines: readonly PageEngine[],
  threads: number,
): Promise<Engine<BenchCase>[]> {
  const running: Engine<BenchCase>[] = [];
  for (const { name, threaded = false, start } of engines) {
    showProgress(0, `starting ${name}`);
    const key = threaded ? `${name} on ${threads}` : name;
    const engine = started.get(key) ?? (await start(threads).catch(said));
    if (typeof engine === "string") {
      results.append(element("p", { className: "note" }, [`${name} is left out: ${engine}`]));
      continue;
    }
    started.set(key, engine);
    running.push(engine);
  }
  return running;
}

function begin(): void {
  abort = new AbortController();
  rows = [];
  results.replaceChildren();
  setRunning(true);
  stop.focus();
}

function end(): void {
  for (const row of rows) {
    if (isTimed(row)) continue;
    for (const [key, engine] of started) {
      if (engine.name !== row.engine) continue;
      engine.stop?.();
      started.delete(key);
    }
  }
  setRunning(false);
  run.focus();
}

function setRunning(running: boolean): void {
  run.disabled = running;
  stop.disabled = !running;
  for (const fieldset of form.querySelectorAll("fieldset")) fieldset.disabled = running;
  for (const button of [save, copy]) button.disabled = running || rows.length === 0;
  document.documentElement.dataset["state"] = running ? "running" : "ready";
}

function showProgress(done: number, next: string): void {
  progress.value = done;
  if (!abort.signal.aborted) status.textContent = next;
}

function showRows(more: readonly Row[]): void {
  if (more.length === 0) return;
  rows.push(...more);
  results.append(caseTable(more));
}

function text(): string {
  return reportText(reportOf(machine, rows, new Date()));
}

function download(): void {
  const href = URL.createObjectURL(new Blob([text()], { type: "application/json" }));
  element("a", { href, download: "evenkeel-gpu.json" }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}

async function copyReport(): Promise<void> {
  try {
    await navigator.clipboard.writeText(text());
    status.textContent = "Copied.";
  } catch (error) {
    status.textContent = `The browser did not copy it (${said(error)}): save it instead.`;
  }
}
