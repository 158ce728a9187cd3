import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkContents } from "./test-package-contents.ts";
import { findOldNode, type Installation, testInstalled } from "./test-package-install.ts";
import { complaintsAbout, pack, type Tarball } from "./test-package-tarballs.ts";
import { packagesOf, runAsScript, table } from "./workspace.ts";

/** One family by itself, without the testkit, which is optional. */
const family: Installation = {
  packages: ["@evenkeel/autodiff", "@evenkeel/norm-core", "@evenkeel/sandwich-norm"],
  program: "test-package-training.mjs",
};

/** The umbrella and all that it hands on: neither tests nor gpu.js. */
const umbrella = (published: readonly string[]): Installation => ({
  packages: published.filter((name) => !["@evenkeel/testkit", "@evenkeel/gpu"].includes(name)),
  program: "test-package-umbrella.mjs",
});

/** What is published must be whole and typed, and bring nothing that it does not need. */
await runAsScript(import.meta.filename, async (args) => {
  const { values } = parseArgs({ args: [...args], options: { update: { type: "boolean" } } });
  const node = findOldNode();
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-packages-"));
  try {
    const tarballs = pack(
      packagesOf().filter(({ manifest }) => !manifest.private),
      folder,
    );
    checkContents(tarballs, { update: values.update === true });
    const names = tarballs.map(({ workspace }) => workspace.manifest.name);
    for (const one of [family, umbrella(names)]) testInstalled(one, tarballs, { node, folder });
    await lint(tarballs);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** All of them, even after one that is refused. */
async function lint(tarballs: readonly Tarball[]): Promise<void> {
  const rows: (string | number)[][] = [["published", "files", "bytes packed", "publint, attw"]];
  const complaints: string[] = [];
  for (const tarball of tarballs) {
    const found = await complaintsAbout(tarball);
    const { workspace, files, bytes } = tarball;
    rows.push([
      workspace.manifest.name,
      files.length,
      bytes,
      found.length > 0 ? "refused" : "fine",
    ]);
    complaints.push(...found);
  }
  console.log(`\n${table(rows)}`);
  if (complaints.length > 0) throw new Error(`\n${complaints.join("\n")}`);
}
