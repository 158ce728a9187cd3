import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, runAsScript } from "./workspace.ts";

/**
 * npm leaves the binaries of other platforms out of package-lock.json where its registry does not offer
 * them, and then `npm ci` refuses the file for lacking them. This adds them, with the system and the
 * processor that their names tell. It runs after every `npm install`.
 */
interface Entry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly optional?: boolean;
}
type Packages = Record<string, Entry>;

const systems: Readonly<Record<string, string>> = {
  android: "android",
  darwin: "darwin",
  freebsd: "freebsd",
  linux: "linux",
  openharmony: "openharmony",
  win32: "win32",
  windows: "win32",
};
const processors: Readonly<Record<string, string>> = {
  "64": "x64",
  arm: "arm",
  arm64: "arm64",
  ia32: "ia32",
  ppc64: "ppc64",
  riscv64: "riscv64",
  s390x: "s390x",
  wasm32: "wasm32",
  x64: "x64",
};

/** The entries that are missing, by their place in node_modules. */
export function missingEntries(packages: Packages): Packages {
  const missing: Packages = {};
  for (const [parent, { dev, optionalDependencies = {} }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const have = lockedVersion(packages, parent, name);
      const platform = platformOf(name);
      // A range instead of a version, or no platform in the name: not a binary of its parent.
      if (have === version || !/^\d/.test(version) || !platform) continue;
      const place = `${have === undefined ? "" : `${parent}/`}node_modules/${name}`;
      missing[place] = { version, ...platform, ...(dev && { dev }), optional: true };
    }
  }
  return missing;
}

/** The version that node would find from `parent`: its own, or one of a folder above. */
function lockedVersion(packages: Packages, parent: string, name: string): string | undefined {
  const found = packages[`${parent && `${parent}/`}node_modules/${name}`];
  if (found || parent === "") return found?.version;
  const cut = parent.lastIndexOf("/node_modules/");
  return lockedVersion(packages, cut < 0 ? "" : parent.slice(0, cut), name);
}

function platformOf(name: string): Pick<Entry, "os" | "cpu"> | undefined {
  const words = name.split(/[/-]/);
  const pick = (table: Readonly<Record<string, string>>): string[] =>
    words.flatMap((word) => table[word] ?? []).slice(0, 1);
  const [os, cpu] = [pick(systems), pick(processors)];
  if (os.length + cpu.length === 0) return undefined;
  return { ...(os.length > 0 && { os }), ...(cpu.length > 0 && { cpu }) };
}

await runAsScript(import.meta.filename, async () => {
  const path = join(root, "package-lock.json");
  const lock = JSON.parse(readFileSync(path, "utf8")) as { packages: Packages };
  const missing = missingEntries(lock.packages);
  const all = Object.entries({ ...lock.packages, ...missing });
  const packages = Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(path, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
  console.log(`added ${Object.keys(missing).length} entries to package-lock.json`);
});
