/// <reference types="astro/client" />
import { byExample } from "./names.ts";

/** Every example's text. */
export const sources: Readonly<Record<string, () => Promise<string>>> = byExample({
  ...import.meta.glob<string>("../../../../packages/*/src/**/*.example.ts", {
    query: "?raw",
    import: "default",
  }),
  ...import.meta.glob<string>("../../../../docs/guides/**/*.example.ts", {
    query: "?raw",
    import: "default",
  }),
});
