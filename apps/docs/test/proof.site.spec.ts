import { describe, expect, test } from "vitest";
import { until, visit } from "./visit.ts";

describe.concurrent("proof", () => {
  for (const norm of ["batch-norm", "sandwich-batch-norm", "weight-standardization"]) {
    test(`the gradients of ${norm} are checked in the page`, () =>
      visit(`/norms/${norm}/`, async (page) => {
        const proof = page.locator("ek-proof");
        await proof.getByRole("button", { name: "Check it now" }).click();
        const state = await until(
          () => proof.getAttribute("data-state"),
          (now) => /^(done|failed|stopped)$/.test(now ?? ""),
        );
        expect(state).toBe("done");
      }));
  }
});
