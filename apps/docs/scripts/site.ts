import { build, dev } from "astro";
import { siteConfig } from "../site.config.ts";
import type { Facts } from "../src/content/facts.ts";
import { writeReference } from "./reference.ts";

/** Writes the site to dist. */
export async function buildSite(facts: Facts): Promise<void> {
  await writeReference(facts.packages);
  await build({ ...siteConfig(facts), configFile: false });
}

/** Shows the site and follows changes. */
export async function serveSite(facts: Facts, port: number): Promise<void> {
  await writeReference(facts.packages);
  const config = siteConfig(facts);
  await dev({ ...config, configFile: false, server: { ...config.server, port } });
}
