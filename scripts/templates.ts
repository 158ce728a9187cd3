import { readFileSync } from "node:fs";
import { join } from "node:path";
import { camel } from "./book.ts";
import { filesOf, type Manifest, readJson, root } from "./workspace.ts";

export interface NewFile {
  /** Relative to the repository. */
  readonly path: string;
  readonly content: string;
}

/** The template's files, which are checked as they stand, under the variant's names. */
export function variantFiles(family: string, kebab: string): readonly NewFile[] {
  const id = camel(kebab);
  const words = kebab.replaceAll("-", " ");
  const folder = join(import.meta.dirname, "template");
  return filesOf(folder, "*").map((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    // An example imports what a reader would.
    const from = file.endsWith(".example.ts") ? `@evenkeel/${family}` : "./new-norm.ts";
    const content = text
      .replace("./new-norm.ts", from)
      .replaceAll("new-norm", kebab)
      .replaceAll("newNorm", id)
      .replaceAll("NewNorm", capital(id))
      .replaceAll("new norm", words)
      .replaceAll("New norm", capital(words));
    return { path: `packages/${family}/src/${kebab}/${file.replace("new-norm", kebab)}`, content };
  });
}

function capital(text: string): string {
  return text.replace(/^./, (letter) => letter.toUpperCase());
}

/** These depend on every family. */
const dependents = ["apps/lab", "packages/evenkeel"];

/** A new package: batch norm's settings under another name; and those that depend on every family. */
export function familyFiles(family: string, base: string = root): readonly NewFile[] {
  const pattern = "packages/batch-norm";
  const folder = `packages/${family}`;
  const name = `@evenkeel/${family}`;
  const copied = ["tsconfig.json", "turbo.json"].map((file) => ({
    path: `${folder}/${file}`,
    content: readFileSync(join(base, pattern, file), "utf8"),
  }));
  const manifest = {
    ...readManifest(base, pattern),
    name,
    version: "0.0.0",
    description: "Write me",
    repository: {
      type: "git",
      url: "git+https://github.com/evenkeel/evenkeel.git",
      directory: folder,
    },
  };
  const depending = dependents.map((at) => {
    const settings = readManifest(base, at);
    const range = settings.dependencies?.["@evenkeel/batch-norm"];
    const entries = Object.entries({ ...settings.dependencies, [name]: range }).sort();
    const content = json({ ...settings, dependencies: Object.fromEntries(entries) });
    return { path: `${at}/package.json`, content };
  });
  return [{ path: `${folder}/package.json`, content: json(manifest) }, ...copied, ...depending];
}

function readManifest(base: string, folder: string): Manifest {
  return readJson(join(base, folder, "package.json")) as Manifest;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What only a person with rights on the registry can do. */
export function publishSteps(family: string): string {
  const name = `@evenkeel/${family}`;
  return [
    "The name is new to the registry, and trusted publishing needs it to exist. Once it is merged:",
    `  a. npm run build && npm publish --workspace ${name} --access public`,
    `  b. npm trust github ${name} --repo evenkeel/evenkeel --file release.yml`,
  ].join("\n");
}
