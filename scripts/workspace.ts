import { globSync, readFileSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";

export const root: string = resolve(import.meta.dirname, "..");

export interface Manifest {
  readonly name: string;
  readonly description?: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export interface Workspace {
  /** Relative to the repository, with forward slashes: "packages/batch-norm". */
  readonly folder: string;
  readonly manifest: Manifest;
  /** The floor it stands on, from its turbo.json: "floor0", "floor1", "kit", "family", … */
  readonly tags: readonly string[];
}

/** Every folder of packages/ that has a package.json, by name. */
export function packagesOf(base: string = root): readonly Workspace[] {
  return filesOf(base, "packages/*/package.json").map((path) => {
    const folder = path.slice(0, -"/package.json".length);
    const { tags } = readJson(join(base, folder, "turbo.json")) as { tags: readonly string[] };
    return { folder, manifest: readJson(join(base, path)) as Manifest, tags };
  });
}

/** The packages that hold norms, one variant per folder of src. */
export function familiesOf(base: string = root): readonly Workspace[] {
  return packagesOf(base).filter(({ tags }) => tags.includes("family"));
}

/** Files matching a pattern, sorted, with forward slashes whatever the system. */
export function filesOf(base: string, pattern: string): readonly string[] {
  return globSync(pattern, { cwd: base, exclude: (name) => name === "node_modules" })
    .map((path) => path.replaceAll("\\", "/"))
    .sort();
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Pads columns to equal width; columns after the first are numbers and stand to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => `${row[i]}`.length)));
  const cell = (value: string | number, i: number): string =>
    i === 0 ? `${value}`.padEnd(widths[i] ?? 0) : `${value}`.padStart(widths[i] ?? 0);
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}

/** Runs `main` when `file` is the program that was started; a failure is one line, not a stack. */
export async function runAsScript(
  file: string,
  main: (args: readonly string[]) => void | Promise<void>,
): Promise<void> {
  const started = process.argv[1];
  if (started === undefined || realpathSync(started) !== file) return;
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
