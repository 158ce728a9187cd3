import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { programFolder, writePrograms } from "./snippets.ts";
import { root, runAsScript } from "./workspace.ts";

const settings = {
  extends: "../../tsconfig.test.json",
  compilerOptions: { noUnusedLocals: false },
  include: ["*.ts"],
  exclude: [],
};

/** Type-checks the programs of all pages in one run of the compiler. */
await runAsScript(import.meta.filename, () => {
  const found = writePrograms();
  if (found.length === 0) return console.log("no page has a program");
  const project = join(root, programFolder, "tsconfig.json");
  writeFileSync(project, JSON.stringify(settings));
  const { status } = spawnSync("tsc", ["-p", project], { cwd: root, stdio: "inherit" });
  if (status !== 0) throw new Error(`Line numbers in ${programFolder} are those of the pages.`);
  console.log(`pages whose programs have the right types: ${found.length}`);
});
