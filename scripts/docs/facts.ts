import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import {
  type Card,
  type Facts,
  type FamilyFacts,
  factsFile,
  type PackageFacts,
  type VariantFacts,
} from "../../apps/docs/src/content/facts.ts";
import { catalogue } from "../../apps/docs/src/playground/catalogue.ts";
import { type Family, readBook, type Variant } from "../book.ts";
import { brotliBytes } from "../size.ts";
import { packagesOf, type Workspace } from "../workspace.ts";
import { costsOf } from "./costs.ts";
import { promisesOf, tensorsOf } from "./promises.ts";

/** What the pages are made from and only the sources know. */
export async function writeFacts(): Promise<Facts> {
  const book = await readBook();
  const first = ["@evenkeel/batch-norm", "@evenkeel/group-norm"];
  const families = [...book.families].sort((a, b) => rank(first, a.name) - rank(first, b.name));
  const packages = packagesOf();
  const facts = {
    families: await Promise.all(families.map((family) => familyFacts(family, packages))),
    packages: await Promise.all(packages.map(packageFacts)),
    catalogue: catalogue(),
  };
  mkdirSync(dirname(factsFile), { recursive: true });
  writeFileSync(factsFile, `${JSON.stringify(facts, null, 1)}\n`);
  return facts;
}

/** What is named comes first, the rest stays as it is. */
function rank(first: readonly string[], name: string): number {
  const at = first.indexOf(name);
  return at < 0 ? first.length : at;
}

async function packageFacts(workspace: Workspace): Promise<PackageFacts> {
  const { folder, manifest, tags } = workspace;
  return {
    name: manifest.name,
    short: manifest.name.replace("@evenkeel/", ""),
    folder,
    description: manifest.description ?? "",
    // What the umbrella hands on is described where it comes from.
    entry: `${folder}/src/${tags.includes("umbrella") ? "own.ts" : "index.ts"}`,
    bytes: await brotliBytes(workspace),
  };
}

async function familyFacts(family: Family, packages: readonly Workspace[]): Promise<FamilyFacts> {
  const workspace = packages.find(({ folder }) => folder === family.folder);
  if (workspace === undefined) throw new Error(`${family.folder} is no package.`);
  const variants = await Promise.all(
    family.variants.map((variant) => variantFacts(variant, workspace)),
  );
  return { ...family, variants };
}

async function variantFacts(variant: Variant, workspace: Workspace): Promise<VariantFacts> {
  const { kebab } = variant;
  const { id } = variant.card;
  return {
    ...variant,
    card: variant.card as Card,
    bytes: await brotliBytes(workspace, { entry: `src/${kebab}/${kebab}.ts` }),
    tensors: tensorsOf(id),
    promises: promisesOf(id, workspace.folder),
    costs: costsOf(id),
  };
}
