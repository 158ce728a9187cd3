import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inject } from "vitest";

export interface HtmlFile {
  /** "/norms/batch-norm/". */
  readonly path: string;
  readonly html: string;
}

/** Every page of the built site. */
export function htmlFiles(): readonly HtmlFile[] {
  const dist = inject("dist");
  return globSync("**/*.html", { cwd: dist })
    .map((file) => file.replaceAll("\\", "/"))
    .sort()
    .map((file) => ({
      path: `/${file.replace(/index\.html$/, "")}`,
      html: readFileSync(join(dist, file), "utf8"),
    }));
}
