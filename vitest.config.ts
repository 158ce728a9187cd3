import { defaultClientConditions, defaultServerConditions } from "vite";
import { configDefaults, defineConfig } from "vitest/config";

/** Packages resolve each other to their sources: nothing has to be built first. */
const source = "@evenkeel/source";

export default defineConfig({
  resolve: { conditions: [source, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    silent: "passed-only",
    testTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [
            "packages/*/src/**/*.spec.ts",
            "apps/*/{src,test}/**/*.spec.ts",
            "scripts/*.spec.ts",
          ],
          // vitest.browser.config.ts and vitest.docs.config.ts run these.
          exclude: [...configDefaults.exclude, "**/*.browser.spec.ts", "**/*.site.spec.ts"],
        },
      },
      { extends: true, test: { name: "examples", include: ["docs/examples.spec.ts"] } },
    ],
  },
});
