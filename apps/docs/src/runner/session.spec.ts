import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { duration, endingOf } from "./endings.ts";
import type { Report } from "./messages.ts";
import { type End, type Helper, startRun } from "./session.ts";

type Listener = (event: { readonly data?: Report }) => void;

/** A worker that says what the test tells it to. */
class Puppet {
  readonly jobs: unknown[] = [];
  terminated = false;
  private readonly listeners = new Map<string, Listener>();
  addEventListener(type: string, listener: Listener): void {
    this.listeners.set(type, listener);
  }
  postMessage(job: unknown): void {
    this.jobs.push(job);
  }
  terminate(): void {
    this.terminated = true;
  }
  say(data: Report): void {
    this.listeners.get("message")!({ data });
  }
  break(): void {
    this.listeners.get("error")!({});
  }
}

function start() {
  const worker = new Puppet();
  const heard: unknown[] = [];
  const ends: End[] = [];
  const run = startRun(
    { example: "a/b" },
    {
      started: () => heard.push("started"),
      item: (item) => heard.push(item),
      ended: (end) => ends.push(end),
    },
    () => worker as unknown as Helper,
  );
  return { worker, heard, ends, run };
}

const item = { kind: "text", level: "log", text: "x" } as const;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a job runs in a worker, which ends a moment after it", () => {
  const { worker, heard, ends } = start();
  expect(worker.jobs).toEqual([{ example: "a/b" }]);
  worker.say({ type: "started" });
  worker.say({ type: "item", item });
  worker.say({ type: "done", seconds: 0.5 });
  expect(ends).toEqual([{ kind: "done", seconds: 0.5 }]);
  worker.say({ type: "item", item });
  expect(heard).toEqual(["started", item, item]);
  expect(worker.terminated).toBe(false);
  vi.advanceTimersByTime(1000);
  expect(worker.terminated).toBe(true);
  worker.say({ type: "item", item });
  expect(heard).toHaveLength(3);
});

test("a program that does not end is stopped; loading takes as long as it takes", () => {
  const { worker, ends } = start();
  vi.advanceTimersByTime(60_000);
  expect(ends).toEqual([]);
  worker.say({ type: "started" });
  vi.advanceTimersByTime(19_999);
  expect(ends).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(ends).toEqual([{ kind: "late", seconds: 20 }]);
  expect(worker.terminated).toBe(true);
});

test("stopping ends the worker at once, and nothing is heard any more", () => {
  const { worker, heard, ends, run } = start();
  worker.say({ type: "started" });
  run.stop();
  run.stop();
  worker.say({ type: "item", item });
  worker.say({ type: "done", seconds: 1 });
  expect(worker.terminated).toBe(true);
  expect(ends).toEqual([{ kind: "stopped" }]);
  expect(heard).toEqual(["started"]);
});

test("a failure ends the run", () => {
  const { worker, ends } = start();
  const failure = { name: "Error", message: "m" };
  worker.say({ type: "failed", failure });
  expect(ends).toEqual([{ kind: "failed", failure }]);
  expect(worker.terminated).toBe(true);
});

test("what was started without waiting may still fail the run, for a moment", () => {
  const { worker, ends } = start();
  const failure = { name: "Error", message: "late" };
  worker.say({ type: "done", seconds: 1 });
  worker.say({ type: "failed", failure });
  worker.say({ type: "failed", failure });
  expect(ends).toEqual([
    { kind: "done", seconds: 1 },
    { kind: "failed", failure },
  ]);
  expect(worker.terminated).toBe(true);
});

test("stopping a run that is done only ends its worker", () => {
  const { worker, ends, run } = start();
  worker.say({ type: "done", seconds: 1 });
  run.stop();
  expect(worker.terminated).toBe(true);
  expect(ends).toHaveLength(1);
});

test("a worker that cannot be loaded says so", () => {
  const { worker, ends } = start();
  worker.break();
  expect(ends[0]).toMatchObject({ failure: { hint: "Load the page again." } });
});

test("how it ended is told in words", () => {
  const failure = { name: "TypeError", message: "m" };
  expect(endingOf({ kind: "done", seconds: 0.0123 })).toBe("Ran without error in 12 ms.");
  expect(endingOf({ kind: "stopped" })).toBe("Stopped.");
  expect(endingOf({ kind: "late", seconds: 20 })).toMatch(
    /^Stopped after 20 s: .* endless loop\?$/,
  );
  expect(endingOf({ kind: "failed", failure })).toBe("Ended by an error: TypeError.");
  expect(endingOf({ kind: "failed", failure: { ...failure, line: 3 } })).toBe(
    "Ended by an error in line 3: TypeError.",
  );
  expect([0.0001, 0.25, 3.456].map(duration)).toEqual(["less than 1 ms", "250 ms", "3.46 s"]);
});
