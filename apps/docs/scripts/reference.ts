import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Application, type ProjectReflection } from "typedoc";
import { generated, type PackageFacts } from "../src/content/facts.ts";
import { filesOf, root } from "../src/content/files.ts";

const folder = join(generated, "api");
const stamp = join(folder, "stamp.txt");

/** One Markdown page for each package, from its comments; only when a source has changed. */
export async function writeReference(packages: readonly PackageFacts[]): Promise<void> {
  const now = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === now) return;
  rmSync(folder, { recursive: true, force: true });
  const app = await Application.bootstrapWithPlugins({
    entryPoints: packages.map(({ entry }) => join(root, entry)),
    tsconfig: join(root, "tsconfig.test.json"),
    plugin: ["typedoc-plugin-markdown"],
    outputs: [{ name: "markdown", path: folder, options: pageOptions }],
    skipErrorChecking: true,
    disableSources: true,
    excludeExternals: true,
    readme: "none",
    groupOrder: ["Functions", "Variables", "Classes", "Interfaces", "Type Aliases"],
    logLevel: "Error",
  });
  const project = await app.convert();
  if (project === undefined) throw new Error("TypeDoc could not read the packages.");
  nameModules(project, packages);
  await app.generateOutputs(project);
  mkdirSync(folder, { recursive: true });
  writeFileSync(stamp, now);
}

const pageOptions = {
  router: "module",
  entryFileName: "index",
  hideBreadcrumbs: true,
  hidePageHeader: true,
  hidePageTitle: true,
  useCodeBlocks: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  typeDeclarationFormat: "table",
  enumMembersFormat: "table",
} as Record<string, unknown>;

/** By package, not by file. */
function nameModules(
  { children = [] }: ProjectReflection,
  packages: readonly PackageFacts[],
): void {
  for (const module of children) {
    const found = packages.find(({ short }) => module.name.split("/")[0] === short);
    if (found !== undefined) module.name = found.short;
  }
}

function fingerprint(): string {
  const hash = createHash("sha256");
  for (const path of [...filesOf("packages/*/src/**/*.ts"), "apps/docs/scripts/reference.ts"])
    hash.update(path).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}
