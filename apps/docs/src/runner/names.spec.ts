import { expect, test } from "vitest";
import { programs } from "./examples.ts";
import { byExample, byPackage, byVariant } from "./names.ts";
import { sources } from "./sources.ts";

test("packages have the names that programs import", () => {
  const up = "../../../../packages";
  expect(byPackage({ [`${up}/nn/src/index.ts`]: 1, [`${up}/evenkeel/src/index.ts`]: 2 })).toEqual({
    "@evenkeel/nn": 1,
    evenkeel: 2,
  });
});

test("examples have the names that pages use", () => {
  const up = "../../../..";
  const named = byExample({
    [`${up}/packages/sandwich-norm/src/sandwich-adain/sandwich-adain.example.ts`]: 1,
    [`${up}/packages/evenkeel/src/create-norm.example.ts`]: 2,
    [`${up}/docs/guides/backends-threads.example.ts`]: 3,
  });
  expect(named).toEqual({
    "sandwich-norm/sandwich-adain": 1,
    "evenkeel/create-norm": 2,
    "guides/backends-threads": 3,
  });
});

test("cases have the names of their folders; parts of cases have none", () => {
  const up = "../../../../packages/domain-norm/src/tent";
  expect(byVariant({ [`${up}/tent.case.ts`]: 1, [`${up}/golden.case.ts`]: 2 })).toEqual({
    tent: 1,
  });
});

test("every example that can be run can be edited", async () => {
  expect(Object.keys(sources)).toEqual(Object.keys(programs));
  expect(Object.keys(programs)).toContain("batch-norm/batch-norm");
  expect(await sources["batch-norm/batch-norm"]!()).toContain("batchNorm({ numFeatures: 3 })");
});
