import { random } from "@evenkeel/autodiff";
import { type BatchNormCondition, type BatchNormOptions, batchNorm } from "@evenkeel/batch-norm";
import type { GroupNormOptions } from "@evenkeel/group-norm";
import type { BoundNorm } from "@evenkeel/norm-core";
import { describe, expect, expectTypeOf, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { createNorm, type NormId, type NormOptions, norms } from "./index.ts";

describe("the umbrella", () => {
  for (const name of Object.keys(manifest.dependencies)) {
    test(`hands on every export of ${name}, and nobody else's under its name`, async () => {
      const umbrella: Record<string, unknown> = await import("./index.ts");
      const theirs: Record<string, unknown> = await import(/* @vite-ignore */ name);
      expect(Object.keys(theirs).length).toBeGreaterThan(0);
      for (const [key, value] of Object.entries(theirs)) expect(umbrella[key], key).toBe(value);
    });
  }

  test("lists every norm under the id on its card", () => {
    const listed: Record<string, { readonly card: { readonly id: string } }> = norms;
    expect(Object.values(listed).map(({ card }) => card.id)).toEqual(Object.keys(norms));
    expect(norms.batchNorm).toBe(batchNorm);
  });
});

describe("createNorm", () => {
  test("binds the norm of that id to the options", () => {
    const options = { numFeatures: 3, eps: 1e-3 };
    const [created, bound] = [createNorm("batchNorm", options), batchNorm(options)];
    expect(created.card).toBe(batchNorm.card);
    expect(created.options).toEqual(bound.options);
    const x = random(1).normal([4, 3, 5]);
    const { params, state } = bound.init();
    const [got, expected] = [created, bound].map((norm) => norm.apply(x, params, state).output);
    expect(got?.data).toEqual(expected?.data);
  });

  test("suggests the nearest id for one that no norm has", () => {
    expect(() => createNorm("batchNrom" as "batchNorm", { numFeatures: 3 })).toThrow(
      `createNorm: expected an id among ${Object.keys(norms).join(", ")}, got "batchNrom". Did you mean batchNorm?`,
    );
  });

  test("refuses what is no id of its own", () => {
    for (const id of ["toString", "", "xyzzy", undefined, 3]) {
      expect(() => createNorm(id as "batchNorm", { numFeatures: 3 })).toThrow(
        /^createNorm: expected an id among .*\.$/,
      );
    }
  });

  test("leaves wrong options to the norm", () => {
    expect(() => createNorm("batchNorm", { numFeatures: 0 })).toThrow(
      "batchNorm numFeatures: expected a whole number >= 1, got 0.",
    );
  });
});

test("an id decides the types of options, condition and result", () => {
  expectTypeOf<"batchNorm" | "groupNorm">().toExtend<NormId>();
  expectTypeOf<NormOptions<"batchNorm">>().toEqualTypeOf<BatchNormOptions>();
  expectTypeOf<NormOptions<"groupNorm">>().toEqualTypeOf<GroupNormOptions>();
  const bound = createNorm("batchNorm", { numFeatures: 3 });
  expectTypeOf(bound).toEqualTypeOf<BoundNorm<BatchNormCondition>>();
  // @ts-expect-error: no norm has this id
  expect(() => createNorm("batchNrom", { numFeatures: 3 })).toThrow();
  // @ts-expect-error: an option of another norm
  expect(() => createNorm("batchNorm", { numFeatures: 3, numGroups: 1 })).toThrow();
  // @ts-expect-error: an option is missing
  expect(() => createNorm("groupNorm", { numGroups: 1 })).toThrow();
});
