import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions } from "vite";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { lossesInNode } from "./apps/lab/test/losses-in-node.ts";
import { launchOptions } from "./scripts/chromium.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Whether the page may share memory between threads. */
    readonly isolated: boolean;
  }
}

/** These make a page cross-origin isolated. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

function project(name: string, isolated: boolean): TestProjectInlineConfiguration {
  return {
    extends: true,
    server: { headers: isolated ? isolation : {} },
    test: {
      name,
      provide: { isolated },
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        commands: { lossesInNode },
        provider: playwright({ launchOptions: launchOptions() }),
        instances: [{ browser: "chromium", name }],
      },
    },
  };
}

/** What needs a browser, in pages with and without cross-origin isolation. */
export default defineConfig({
  resolve: { conditions: ["@evenkeel/source", ...defaultClientConditions] },
  // Found only when a test imports it, it would be prepared then, and the page loaded again.
  optimizeDeps: { include: ["fast-check"] },
  test: {
    include: ["packages/*/src/**/*.browser.spec.ts", "apps/*/test/**/*.browser.spec.ts"],
    silent: "passed-only",
    testTimeout: 60_000,
    projects: [project("isolated", true), project("plain", false)],
  },
});
