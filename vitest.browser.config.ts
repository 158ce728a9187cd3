import { playwright } from "@vitest/browser-playwright";
import { defaultClientConditions } from "vite";
import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
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

/** What isolation cannot change, and takes minutes: run in isolated pages only. */
const once = [
  "packages/gpu/src/{kernels,op-suite}.browser.spec.ts",
  "apps/bench/test/page.browser.spec.ts",
  "apps/lab/test/gpu-*.browser.spec.ts",
];

function project(name: string, isolated: boolean): TestProjectInlineConfiguration {
  return {
    extends: true,
    server: { headers: isolated ? isolation : {} },
    test: {
      name,
      exclude: [...configDefaults.exclude, ...(isolated ? [] : once)],
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
  // Found only when a test imports them, they would be prepared then, and the page loaded again.
  optimizeDeps: {
    include: [
      "@jax-js/jax",
      "@tensorflow/tfjs-backend-webgl",
      "@tensorflow/tfjs-core",
      "@tensorflow/tfjs-core/dist/register_all_gradients.js",
      "fast-check",
    ],
  },
  test: {
    include: ["packages/*/src/**/*.browser.spec.ts", "apps/*/test/**/*.browser.spec.ts"],
    silent: "passed-only",
    testTimeout: 60_000,
    projects: [project("isolated", true), project("plain", false)],
  },
});
