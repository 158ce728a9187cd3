import { execFile, execFileSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { root, type Workspace } from "./workspace.ts";

/** A package as the registry would get it. */
export interface Tarball {
  readonly workspace: Workspace;
  readonly path: string;
  readonly bytes: number;
  /** Paths inside, sorted. */
  readonly files: readonly string[];
}

interface Packed {
  readonly name: string;
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

/** Packs into `folder`, from what was built. */
export function pack(workspaces: readonly Workspace[], folder: string): readonly Tarball[] {
  const named = workspaces.flatMap(({ manifest }) => ["--workspace", manifest.name]);
  const flags = ["--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder];
  const printed = execFileSync("npm", ["pack", ...flags, ...named], { cwd: root });
  const all = JSON.parse(printed.toString()) as readonly Packed[];
  return workspaces.map((workspace) => {
    const packed = all.find(({ name }) => name === workspace.manifest.name);
    if (packed === undefined) throw new Error(`npm pack left out ${workspace.manifest.name}.`);
    const files = packed.files.map((file) => file.path).sort();
    return { workspace, path: join(folder, packed.filename), bytes: packed.size, files };
  });
}

const run = promisify(execFile);

/** What publint and arethetypeswrong say against a tarball; only ES modules are published. */
export async function complaintsAbout({ path, workspace }: Tarball): Promise<readonly string[]> {
  const checks = [
    ["publint", "run", path, "--strict"],
    ["attw", path, "--profile", "esm-only", "--no-emoji", "--no-color"],
  ] as const;
  const complaints = await Promise.all(
    checks.map(([tool, ...rest]) =>
      run(tool, rest).then(
        () => [],
        ({ stdout, stderr }) => [`${tool} refuses ${workspace.manifest.name}:\n${stdout}${stderr}`],
      ),
    ),
  );
  return complaints.flat();
}
