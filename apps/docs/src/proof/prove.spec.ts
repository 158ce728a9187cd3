import { methods, cases as norms } from "@evenkeel/lab/norms";
import { expect, test } from "vitest";
import { camelCase, cases, subjectOf } from "./cases.ts";
import type { ProofReport } from "./messages.ts";
import { prove } from "./prove.ts";

async function reportsOf(name: string, seed = 1): Promise<ProofReport[]> {
  const reports: ProofReport[] = [];
  prove(await subjectOf(name), seed, (report) => reports.push(report));
  return reports;
}

test("every norm and every method can be proved by its folder's name", () => {
  const found = Object.keys(cases).map(camelCase);
  for (const id of [...Object.keys(norms), ...Object.keys(methods)]) expect(found).toContain(id);
});

test("a norm is compared call by call, references first", async () => {
  const [calls, ...rest] = await reportsOf("layer-norm");
  expect(calls).toMatchObject({ type: "calls", order: 3, shape: "[3, 4, 3, 2]" });
  const { calls: words } = calls as ProofReport & { type: "calls" };
  expect(words[0]).toEqual({
    options: expect.stringContaining("normalizedShape:"),
    mode: "training",
  });
  const types = rest.map(({ type }) => type);
  expect(types).toEqual([...words.map(() => "reference"), ...words.map(() => "gradients"), "done"]);
  for (const report of rest) {
    if (report.type === "reference") {
      expect(report.agreement.error).toBeLessThan(report.agreement.tolerance);
    }
    if (report.type === "gradients") {
      expect(report.figures.map(({ verdict }) => verdict)).toEqual(["right", "right", "right"]);
    }
  }
  expect(structuredClone(rest)).toEqual(rest);
});

test("another seed draws other numbers, the same seed the same", async () => {
  const figures = async (seed: number): Promise<unknown> =>
    (await reportsOf("layer-norm", seed)).filter(({ type }) => type === "gradients");
  expect(await figures(1)).toEqual(await figures(1));
  expect(await figures(1)).not.toEqual(await figures(2));
});

test("a method that is no norm has no modes", async () => {
  const [calls, reference] = await reportsOf("weight-standardization");
  expect(calls).toMatchObject({ order: 3, shape: "" });
  expect((calls as ProofReport & { type: "calls" }).calls[0]!.mode).toBe("");
  expect(reference).toMatchObject({ type: "reference", agreement: { tolerance: 1e-10 } });
});

test("where gradients are not promised the reason is told, and none is shown", async () => {
  const reports = await reportsOf("batch-renorm");
  expect(reports[0]).toMatchObject({ order: 0, reason: expect.stringContaining("constants") });
  expect(reports.some(({ type }) => type === "gradients")).toBe(false);
});

test("an unknown name is refused", async () => {
  await expect(subjectOf("bach-norm")).rejects.toThrow("There is no variant bach-norm.");
});
