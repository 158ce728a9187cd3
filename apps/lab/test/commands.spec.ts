import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { check } from "../src/check.ts";
import { compare } from "../src/compare/compare.ts";
import { golden } from "../src/golden.ts";

const files = join(import.meta.dirname, "../../../packages");
let folder = "";
let printed: string[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "evenkeel-"));
  const note = (text: string): void => void printed.push(text);
  vi.spyOn(console, "log").mockImplementation(note);
  vi.spyOn(console, "error").mockImplementation(note);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
});

function run(command: () => boolean): { readonly right: boolean; readonly text: string } {
  printed = [];
  const right = command();
  return { right, text: printed.join("\n") };
}

describe("golden", () => {
  const path = join(files, "batch-norm/golden/batch-norm.json");

  test("files made by PyTorch agree with ours, and the JSON holds every error", () => {
    const json = join(folder, "golden.json");
    const { right, text } = run(() => golden([path], { json }));
    expect(right).toBe(true);
    expect(text).toContain("5 cases of 1 files within 1e-9");
    const [report] = JSON.parse(readFileSync(json, "utf8"));
    expect(report).toMatchObject({ method: "batch-norm", norm: "batchNorm" });
    expect(report.results).toHaveLength(9);
  });

  test("a number that is off by a millionth is found", () => {
    const file = JSON.parse(readFileSync(path, "utf8"));
    file.cases[0].steps[0].gradInputs.x.data[3] *= 1 + 1e-6;
    const changed = join(folder, "changed.json");
    writeFileSync(changed, JSON.stringify(file));
    const { right, text } = run(() => golden([changed], {}));
    expect(right).toBe(false);
    expect(text).toContain("WRONG");
    expect(text).toContain("5 cases of 1 files NOT within 1e-9");
  });

  test("a method that no norm knows is an error, not a skip", () => {
    const unknown = join(folder, "unknown.json");
    writeFileSync(unknown, JSON.stringify({ method: "patch-norm", cases: [] }));
    const { right, text } = run(() => golden([unknown, path], {}));
    expect(right).toBe(false);
    expect(text).toMatch(
      /unknown\.json: ERROR lab golden: expected a method among .*batch-norm, .* got "patch-norm"/,
    );
  });

  test("a file that holds cases of two norms is compared with both", () => {
    const shared = join(files, "conditional-norm/golden/film.json");
    const { right, text } = run(() => golden([shared], {}));
    expect(right).toBe(true);
    expect(text).toContain("film (film)");
    expect(text).toContain("film (filmBatchNorm)");
    expect(text).toContain("4 cases of 1 files within 1e-9");
  });

  test("a case that no norm takes is an error, not a skip", () => {
    const file = JSON.parse(readFileSync(join(files, "conditional-norm/golden/film.json"), "utf8"));
    file.cases[0].config.variant = "neither";
    const changed = join(folder, "left.json");
    writeFileSync(changed, JSON.stringify(file));
    const { right, text } = run(() => golden([changed], {}));
    expect(right).toBe(false);
    expect(text).toContain("expected a norm for each case, got none for film-given-gamma-beta");
  });

  test("a path that cannot be read is an error that names it", () => {
    const { right, text } = run(() => golden([join(folder, "nowhere.json")], {}));
    expect(right).toBe(false);
    expect(text).toMatch(
      /nowhere\.json: ERROR lab golden: expected a golden file in JSON at .*ENOENT/,
    );
  });
});

describe("compare", () => {
  test("refuses paths that it cannot write to before anything is trained", async () => {
    const inTheWay = join(folder, "file");
    writeFileSync(inTheWay, "");
    const options = { data: "glyphs", norms: ["none"], batchSize: [2], steps: 1, seeds: 1, lr: 1 };
    await expect(compare({ ...options, report: inTheWay })).rejects.toThrow(
      `writeReport: expected a folder ${inTheWay} to write index.html to, got a file of that name.`,
    );
    const json = join(folder, "nowhere", "x.json");
    await expect(compare({ ...options, report: folder, json })).rejects.toThrow(
      `--json: expected a file ${json} to write to, got ENOENT`,
    );
  });
});

describe("check", () => {
  test("prints the figures of three orders", () => {
    const { right, text } = run(() => check("layerNorm"));
    expect(right).toBe(true);
    expect(text).toContain("Layer normalization: x [3, 4, 3, 2], float64");
    expect(text.match(/right/g)?.length).toBeGreaterThanOrEqual(12);
  });

  test("an unknown norm suggests the nearest", () => {
    expect(() => check("layernorm1")).toThrow(/Did you mean layerNorm\?$/);
  });
});
