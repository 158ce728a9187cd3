import { programs } from "./examples.ts";
import { failureOf } from "./failure.ts";
import type { Failure, Job, Report } from "./messages.ts";
import { makeVocabulary } from "./output.ts";
import { requireFrom } from "./packages.ts";
import { sources } from "./sources.ts";

// One program runs in one worker: its vocabulary is the worker's, and ends with it.

const post = (report: Report): void => globalThis.postMessage(report);
const vocabulary = makeVocabulary((item) => post({ type: "item", item }));
const { print, table, plot } = vocabulary;
Object.assign(globalThis, { print, table, plot });
Object.assign(console, vocabulary.console);

/** By it the program's lines are found in the stacks of errors. */
let url: string | undefined;

addEventListener("message", ({ data }: MessageEvent<Job>) => void start(data));
addEventListener("error", (event) => {
  event.preventDefault();
  fail(failureOf(event.error ?? event.message, url));
});
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  fail(failureOf(event.reason, url));
});

function fail(failure: Failure): void {
  post({ type: "failed", failure });
}

async function start(job: Job): Promise<void> {
  try {
    const run = "example" in job ? await loadExample(job.example) : await loadProgram(job.program);
    post({ type: "started" });
    const before = performance.now();
    await run();
    post({ type: "done", seconds: (performance.now() - before) / 1000 });
  } catch (error) {
    fail(failureOf(error, url));
  }
}

/** What the example imports is loaded first, so that its time is its own. */
async function loadExample(name: string): Promise<() => Promise<unknown>> {
  const [load, source] = [programs[name], await sources[name]?.()];
  if (!load || source === undefined) throw new Error(`There is no example ${name}.`);
  const imports = [...source.matchAll(/\bfrom\s+"([^"]+)"/g)].map((match) => match[1]!);
  await requireFrom(imports);
  return load;
}

/** The compiler is loaded with the first program that was edited. */
async function loadProgram(source: string): Promise<() => Promise<unknown>> {
  const { compile, moduleText } = await import("./program.ts");
  const compiled = compile(source);
  const key = "evenkeel:require";
  Object.assign(globalThis, { [key]: await requireFrom(compiled.imports) });
  const text = moduleText(compiled, key);
  url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const module = url;
  return () => import(/* @vite-ignore */ module);
}
