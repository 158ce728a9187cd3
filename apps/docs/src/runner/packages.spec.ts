import { expect, test } from "vitest";
import { failureOf } from "./failure.ts";
import { requireFrom } from "./packages.ts";

const packages = {
  "@evenkeel/batch-norm": async () => ({ batchNorm: () => "bn" }),
  "@evenkeel/nn": async () => ({ Linear: 1 }),
};

function failing(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return failureOf(error);
  }
  return undefined;
}

test("a package that was asked for is there", async () => {
  const imported = await requireFrom(["@evenkeel/batch-norm", "unknown"], packages);
  expect((imported("@evenkeel/batch-norm")["batchNorm"] as () => string)()).toBe("bn");
});

test("another says what there is", async () => {
  const imported = await requireFrom(["@evenkeel/bach-norm"], packages);
  expect(failing(() => imported("@evenkeel/bach-norm"))).toEqual({
    name: "ImportError",
    message: "There is no “@evenkeel/bach-norm” in this page.",
    hint: "Did you mean “@evenkeel/batch-norm”? What may be imported: @evenkeel/batch-norm, @evenkeel/nn.",
  });
});

test("an export that is missing is an error, not undefined", async () => {
  const batchNorm = (await requireFrom(["@evenkeel/batch-norm"], packages))("@evenkeel/batch-norm");
  expect(failing(() => batchNorm["batchNrom"])).toMatchObject({
    message: "“@evenkeel/batch-norm” exports no “batchNrom”.",
    hint: "Did you mean “batchNorm”?",
  });
  expect(failing(() => batchNorm["default"])).toMatchObject({
    message: "“@evenkeel/batch-norm” has no default export.",
  });
  expect(batchNorm["then"]).toBeUndefined();
});

test("what the page has is the packages themselves", async () => {
  const { add } = await import("@evenkeel/autodiff");
  const imported = await requireFrom(["@evenkeel/autodiff", "evenkeel"]);
  expect(imported("@evenkeel/autodiff")["add"]).toBe(add);
  expect(imported("evenkeel")["add"]).toBe(add);
});
