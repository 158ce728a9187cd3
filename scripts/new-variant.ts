import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cancel, intro, isCancel, text } from "@clack/prompts";
import { camel } from "./book.ts";
import { familyFiles, type NewFile, publishSteps, variantFiles } from "./templates.ts";
import { familiesOf, root, runAsScript } from "./workspace.ts";

const usage = `usage: npm run new -- <family> <variant>

  family   a folder of packages/, new or not, such as batch-norm
  variant  kebab-case, such as ghost-batch-norm; its export is then ghostBatchNorm`;

export interface Plan {
  readonly folder: string;
  readonly newFamily: boolean;
  /** Whole contents, new or replaced. */
  readonly files: readonly NewFile[];
}

/** Everything that would be written. Complains, if at all, before anything is. */
export function planVariant(family: string, variant: string, base: string = root): Plan {
  checkName("family", family, "batch-norm");
  checkName("variant", variant, "ghost-batch-norm");
  const folder = `packages/${family}/src/${variant}`;
  if (existsSync(join(base, folder))) {
    throw new Error(
      `new: expected a folder that does not exist, got ${folder}. Take another name.`,
    );
  }
  const families = familiesOf(base);
  const owner = families.find((one) => existsSync(join(base, one.folder, "src", variant)));
  if (owner !== undefined) {
    throw new Error(
      `new: expected a name that no norm has, got "${variant}" of ${owner.folder}. Take another name.`,
    );
  }
  const known = families.some((one) => one.folder === `packages/${family}`);
  if (!known && existsSync(join(base, "packages", family))) {
    throw new Error(
      `new: expected a family, got packages/${family}, which holds no norms. ` +
        `Families are ${families.map((one) => one.folder.slice("packages/".length)).join(", ")}.`,
    );
  }
  const files = variantFiles(family, variant);
  return {
    folder,
    newFamily: !known,
    files: known ? files : [...familyFiles(family, base), ...files],
  };
}

function checkName(what: string, name: string, example: string): void {
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) return;
  throw new Error(
    `new: expected a kebab-case ${what} such as "${example}", got ${JSON.stringify(name)}. ` +
      "Use small letters, digits and single hyphens.",
  );
}

export function write(files: readonly NewFile[], base: string = root): void {
  for (const { path, content } of files) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), content);
  }
}

async function ask(what: string, given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  if (!process.stdin.isTTY) throw new Error(usage);
  const answer = await text({ message: `Which ${what}?` });
  if (!isCancel(answer)) return answer;
  cancel("Nothing was written.");
  process.exit(1);
}

function nextSteps({ folder, newFamily }: Plan, family: string, variant: string): string {
  const steps = [
    `fill the five files of ${folder} and delete what does not apply:\n` +
      `     ${variant}.reference.ts, .case.ts, .ts, .example.ts, .md; laws of its own go to .spec.ts`,
    `npm exec --no -- vitest run ${variant}`,
    `npm run lab -- check ${camel(variant)}`,
    "npm run generate, after the card has changed",
    "npm run changeset",
  ];
  if (newFamily) steps.unshift("npm install, which links the new package");
  const list = steps.map((step, i) => `  ${i + 1}. ${step}`).join("\n");
  return `\nNext:\n${list}${newFamily ? `\n\n${publishSteps(family)}` : ""}`;
}

/** Sorts imports and breaks lines, which depend on the names, and brings the lists up to date. */
function finish({ folder, files }: Plan): boolean {
  const settings = files.flatMap(({ path }) => (path.endsWith(".json") ? [path] : []));
  const commands = [
    ["biome", "check", "--write", "--log-level=error", folder, ...settings],
    ["node", "--conditions=@evenkeel/source", "scripts/generate.ts"],
  ] as const;
  return commands.every(([command, ...rest]) => {
    return spawnSync(command, rest, { cwd: root, stdio: "inherit" }).status === 0;
  });
}

await runAsScript(import.meta.filename, async (args) => {
  if (args.length > 2) throw new Error(usage);
  if (args.length < 2 && process.stdin.isTTY) intro("A new variant");
  const family = await ask("family", args[0]);
  const variant = await ask("variant", args[1]);
  const plan = planVariant(family, variant);
  write(plan.files);
  console.log(plan.files.map(({ path }) => `wrote ${path}`).join("\n"));
  const finished = finish(plan);
  console.log(nextSteps(plan, family, variant));
  if (!finished) throw new Error("\nThe lists are not up to date yet: see the message above.");
});
