import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Tarball } from "./test-package-tarballs.ts";
import { filesOf, table } from "./workspace.ts";

/** The oldest Node that packages promise to run in, and what is too new to stand for it. */
const [oldest, tooNew] = ["20.19.0", "22.0.0"];

/** The PATH of somebody who has not the repository's own tools on it. */
function pathOutside(path: string): readonly string[] {
  return path.split(delimiter).filter((folder) => folder && !/node_modules|node-gyp/.test(folder));
}

/** @throws Error where no Node between the two versions is on the PATH. */
export function findOldNode(path: string = process.env["PATH"] ?? ""): string {
  const found = pathOutside(path).flatMap((folder) => {
    const node = join(folder, "node");
    const { status, stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
    return status === 0 ? [{ node, version: stdout.trim().slice(1) }] : [];
  });
  const fit = found.find(
    ({ version }) => compare(version, oldest) >= 0 && compare(version, tooNew) < 0,
  );
  if (fit !== undefined) return fit.node;
  const got = found.map(({ node, version }) => `${version} (${node})`).join(", ") || "none";
  throw new Error(
    `test:package: expected a Node >= ${oldest} and < ${tooNew} on the PATH, the oldest that packages ` +
      `promise to run in, got ${got}. Install Node 20; node_modules/.bin does not count.`,
  );
}

function compare(a: string, b: string): number {
  const [x, y] = [a.split(".").map(Number), b.split(".").map(Number)];
  const at = x.findIndex((n, i) => n !== y[i]);
  return at < 0 ? 0 : x[at]! - y[at]!;
}

/** What somebody installs, and what they then run. */
export interface Installation {
  /** Everything that may arrive, by name. */
  readonly packages: readonly string[];
  /** A file beside this one. */
  readonly program: string;
}

/** Installs tarballs, and nothing else, into an empty folder, and runs a program there. */
export function testInstalled(
  { packages, program }: Installation,
  tarballs: readonly Tarball[],
  { node, folder }: { readonly node: string; readonly folder: string },
): void {
  const place = mkdtempSync(join(folder, "install-"));
  writeFileSync(join(place, "package.json"), '{ "private": true, "type": "module" }\n');
  cpSync(join(import.meta.dirname, program), join(place, program));
  const run = (command: string, ...args: string[]): string =>
    execFileSync(command, args, { cwd: place, env: outsideOf(node), encoding: "utf8" });
  const flags = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  run("npm", "install", ...flags, ...packages.map((name) => pathOf(name, tarballs)));
  console.log(`\n${installedSizes(join(place, "node_modules"), packages)}`);
  console.log(run(node, program).trim());
}

function pathOf(name: string, tarballs: readonly Tarball[]): string {
  const found = tarballs.find(({ workspace }) => workspace.manifest.name === name);
  if (found !== undefined) return found.path;
  throw new Error(`test:package: expected a published package of this repository, got ${name}.`);
}

/** The surroundings of somebody who uses that Node and has never seen this repository. */
function outsideOf(node: string): NodeJS.ProcessEnv {
  // What npm tells its scripts would make the inner one install into this repository.
  const kept = Object.entries(process.env).filter(([key]) => !/^(npm_|NODE_)/i.test(key));
  const folders = [dirname(node), ...pathOutside(process.env["PATH"] ?? "")];
  return { ...Object.fromEntries(kept), PATH: folders.join(delimiter) };
}

/** What each package takes on the disk; an error where others have arrived, or not all. */
export function installedSizes(modules: string, packages: readonly string[]): string {
  const visible = (at: string): readonly string[] =>
    readdirSync(at).filter((name) => !name.startsWith("."));
  const arrived = visible(modules).flatMap((name) =>
    name.startsWith("@") ? visible(join(modules, name)).map((own) => `${name}/${own}`) : [name],
  );
  const [expected, got] = [packages, arrived].map((names) => [...names].sort().join(", "));
  if (expected !== got) {
    throw new Error(`test:package: expected ${expected} to be installed, got ${got}.`);
  }
  const rows = arrived.sort().map((name) => {
    const files = filesOf(join(modules, name), "**/*").map((path) => join(modules, name, path));
    const sizes = files.map((path) => statSync(path)).filter((entry) => entry.isFile());
    return [name, sizes.length, sizes.reduce((sum, { size }) => sum + size, 0)] as const;
  });
  const sum = (at: 1 | 2): number => rows.reduce((total, row) => total + row[at], 0);
  return table([["installed", "files", "bytes"], ...rows, ["together", sum(1), sum(2)]]);
}
