import { describe, expect, test } from "vitest";
import type { PageCase } from "../page/cases.ts";
import { pageCases } from "../page/cases.ts";
import { isSoftware } from "../page/machine.ts";
import { reportOf, reportText } from "../page/report.ts";
import { type Row, runSession, type SessionOptions, said } from "../page/session.ts";
import type { BenchCase } from "../src/case.ts";
import type { Engine, Prepared } from "../src/suite.ts";

const drawn = { type: "layer", name: "first", layer: { kind: "add" }, inputs: {} } as const;
const g = { shape: [1], data: Float32Array.of(1) };
const caseNamed = (name: string): PageCase => ({
  suite: "fake",
  name,
  make: () => ({ ...drawn, name, g }),
});

function engine(name: string, prepared: Partial<Prepared> = {}): Engine<BenchCase> {
  const right: Prepared = { run: () => 1, outputs: () => ({ y: [1] }) };
  return { name, threads: 1, prepare: () => ({ ...right, ...prepared }) };
}

async function rowsOf(
  engines: readonly Engine<BenchCase>[],
  options: Partial<SessionOptions> = {},
): Promise<{ readonly rows: Row[]; readonly done: number[] }> {
  const rows: Row[] = [];
  const done: number[] = [];
  await runSession({
    cases: [caseNamed("first"), caseNamed("second")],
    engines,
    runs: 3,
    budgetMs: 1000,
    reference: () => ({ y: [1] }),
    tolerance: 1e-3,
    signal: new AbortController().signal,
    onProgress: (part) => done.push(part),
    onRows: (more) => rows.push(...more),
    ...options,
  });
  return { rows, done };
}

const machine = {
  userAgent: "a browser",
  cores: 2,
  isolated: true,
  webgpu: "none",
  webgl2: "none",
  versions: {},
};

describe("a session of the page", () => {
  test("times every engine on every case, and tells how far it is", async () => {
    const { rows, done } = await rowsOf([engine("a"), engine("b")]);
    expect(rows.map((row) => `${row.case} ${row.engine}`)).toEqual([
      "first a",
      "first b",
      "second a",
      "second b",
    ]);
    for (const row of rows) expect(row).toMatchObject({ medianMs: 1, runs: 3, error: 0 });
    expect(done.toSorted((a, b) => a - b)).toEqual(done);
    expect(done[0]).toBe(0);
    expect(done.at(-1)).toBe(1);
  });

  test("refuses a wrong engine, and gives no time of it", async () => {
    const { rows } = await rowsOf([engine("wrong", { outputs: () => ({ y: [1.25] }) })]);
    expect(rows[0]).toEqual({
      suite: "fake",
      case: "first",
      engine: "wrong",
      threads: 1,
      reason: "wrong: 0.25 off, of the largest value; 0.001 is allowed",
    });
  });

  test("refuses an engine that computes NaN", async () => {
    const { rows } = await rowsOf([engine("nan", { outputs: () => ({ y: [Number.NaN] }) })]);
    expect(rows[0]).toHaveProperty("reason");
  });

  const failing = (): never => {
    throw new Error("no memory\nat some place");
  };
  test.each(["run", "outputs", "release"] as const)(
    "tells of an engine that breaks down in %s, and goes on with the others",
    async (part) => {
      const { rows } = await rowsOf([engine("broken", { [part]: failing }), engine("sound")]);
      const at = { suite: "fake", engine: "broken", threads: 1, reason: "no memory" };
      expect(rows).toMatchObject([
        { ...at, case: "first" },
        { engine: "sound", medianMs: 1 },
        { ...at, case: "second" },
        { engine: "sound", medianMs: 1 },
      ]);
    },
  );

  test("tells of an engine once, though it breaks down again when it is released", async () => {
    const broken = engine("broken", { run: failing, release: failing });
    const { rows } = await rowsOf([broken], { cases: [caseNamed("first")] });
    expect(rows).toHaveLength(1);
  });

  test("leaves an engine out of a case that it does not have", async () => {
    const lacking: Engine<BenchCase> = { name: "lacking", threads: 1, prepare: () => null };
    const { rows } = await rowsOf([lacking, engine("a")]);
    expect(rows.map((row) => row.engine)).toEqual(["a", "a"]);
  });

  test("stops between two turns, and what was timed by then counts", async () => {
    const abort = new AbortController();
    let runs = 0;
    const run = (): number => {
      if (++runs === 7) abort.abort();
      return 1;
    };
    const { rows } = await rowsOf([engine("a", { run })], { runs: 50, signal: abort.signal });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ case: "first", runs: 1 });
  });
});

test("what is saved has the form of the command's file, and what was refused beside", async () => {
  const wrong = engine("wrong", { outputs: () => ({ y: [2] }) });
  const { rows } = await rowsOf([engine("a"), wrong], { cases: [caseNamed("first")] });
  const text = reportText(reportOf(machine, rows, new Date(0)));
  const at = { suite: "fake", case: "first", threads: 1 };
  expect(JSON.parse(text)).toEqual({
    machine,
    date: "1970-01-01T00:00:00.000Z",
    results: [{ ...at, engine: "a", medianMs: 1, runs: 3 }],
    refused: [{ ...at, engine: "wrong", reason: expect.stringContaining("wrong: 1 off") }],
  });
});

test("a case has the name that it is offered by", () => {
  for (const { name, make } of pageCases) expect(make().name).toBe(name);
});

test("a GPU that is a program is told from one that is not", () => {
  const renderer = "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device), SwiftShader driver)";
  expect(isSoftware({ webgpu: "google swiftshader", webgl2: "none" })).toBe(true);
  expect(isSoftware({ webgpu: "none", webgl2: renderer })).toBe(true);
  expect(isSoftware({ webgpu: "nvidia ampere", webgl2: "ANGLE (NVIDIA, RTX 3060)" })).toBe(false);
});

test("an error is told in one line", () => {
  expect(said(new Error("one\ntwo"))).toBe("one");
  expect(said("a text")).toBe("a text");
  expect(said(new Error(""))).toBe("it broke down without a word");
});
