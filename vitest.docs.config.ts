import { defineConfig } from "vitest/config";

/** The built documentation site in a browser. `npm run docs:build` comes before. */
export default defineConfig({
  test: {
    include: ["apps/docs/test/**/*.site.spec.ts"],
    globalSetup: "scripts/docs/site.ts",
    silent: "passed-only",
    testTimeout: 120_000,
    // One browser, two pages at a time.
    maxWorkers: 1,
    isolate: false,
    maxConcurrency: 2,
  },
});
