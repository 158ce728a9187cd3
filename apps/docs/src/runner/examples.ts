/// <reference types="astro/client" />
import { byExample } from "./names.ts";

/** Every example as a module that runs when it is loaded. */
export const programs: Readonly<Record<string, () => Promise<unknown>>> = byExample({
  ...import.meta.glob("../../../../packages/*/src/**/*.example.ts"),
  ...import.meta.glob("../../../../docs/guides/**/*.example.ts"),
});
