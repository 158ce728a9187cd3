import { AxeBuilder } from "@axe-core/playwright";
import { describe, expect, test } from "vitest";
import { visit } from "./visit.ts";

const pages = { home: "/", variant: "/norms/batch-norm/", playground: "/playground/" };

describe.concurrent("accessibility", () => {
  for (const [name, path] of Object.entries(pages)) {
    for (const colorScheme of ["dark", "light"] as const) {
      test(`axe finds no violation on the ${name} page, ${colorScheme}`, () =>
        visit(
          path,
          async (page) => {
            // What appears when the page is idle is part of it.
            await page.waitForTimeout(500);
            const { violations } = await new AxeBuilder({ page }).analyze();
            const found = violations.map(({ id, nodes }) => ({
              id,
              nodes: nodes.map(({ html, target }) => `${target.join(" ")}: ${html.slice(0, 160)}`),
            }));
            expect(found).toEqual([]);
          },
          { colorScheme, reducedMotion: "reduce" },
        ));
    }
  }
});
