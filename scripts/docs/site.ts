import { existsSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright";
import type { TestProject } from "vitest/node";
import { serve } from "../../apps/docs/test/serve.ts";
import { launchOptions } from "../chromium.ts";
import { root } from "../workspace.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where Playwright finds the browser. */
    readonly browser: string;
    /** The folder of the built site. */
    readonly dist: string;
    /** The site with the headers that make a page cross-origin isolated, and without. */
    readonly origins: { readonly isolated: string; readonly plain: string };
  }
}

/** Serves the built site twice and starts the one browser that all tests share. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dist = join(root, "apps/docs/dist");
  if (!existsSync(join(dist, "index.html"))) {
    throw new Error(`docs:test: expected the built site in ${dist}. Run npm run docs:build.`);
  }
  const isolated = await serve(dist, { isolated: true });
  const plain = await serve(dist, { isolated: false });
  const browser = await chromium.launchServer(launchOptions());
  project.provide("browser", browser.wsEndpoint());
  project.provide("dist", dist);
  project.provide("origins", { isolated: isolated.origin, plain: plain.origin });
  return async () => {
    await browser.close();
    await Promise.all([isolated.close(), plain.close()]);
  };
}
