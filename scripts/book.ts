import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { familiesOf, filesOf, packagesOf, root, type Workspace } from "./workspace.ts";

/** What the tables need of a card; norm-core has the whole type. */
export interface Card {
  readonly id: string;
  readonly name: string;
  readonly summary: string;
  readonly paper: {
    readonly title: string;
    readonly authors: string;
    readonly year: number;
    readonly arxiv?: string;
    readonly code?: string;
  };
}

export interface Variant {
  /** Folder and file name: "batch-norm". */
  readonly kebab: string;
  readonly card: Card;
  /** It is no norm: a transform of weights, a layer, a rule for gradients. */
  readonly method?: boolean;
}

export interface Family {
  readonly name: string;
  readonly folder: string;
  readonly description: string;
  readonly peers: readonly string[];
  readonly variants: readonly Variant[];
}

/** The package that hands on what others export. */
export interface Umbrella {
  readonly folder: string;
  /** The packages it hands on, by name, with their folders. */
  readonly dependencies: ReadonlyMap<string, string>;
}

/** All that the generated files are made from. */
export interface Book {
  /** Folders of all packages, families or not. */
  readonly packages: readonly string[];
  readonly families: readonly Family[];
  readonly umbrella: Umbrella;
}

export function camel(kebab: string): string {
  return kebab.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** Reads the cards by importing the sources: run it with --conditions=@evenkeel/source. */
export async function readBook(base: string = root): Promise<Book> {
  const families: Family[] = [];
  for (const { folder, manifest } of familiesOf(base)) {
    const variants: Variant[] = [];
    for (const kebab of variantsOf(base, folder))
      variants.push(await readVariant(base, folder, kebab));
    families.push({
      name: manifest.name,
      folder,
      description: manifest.description ?? "",
      peers: Object.keys(manifest.peerDependencies ?? {})
        .filter((peer) => !manifest.peerDependenciesMeta?.[peer]?.optional)
        .sort(),
      variants,
    });
  }
  const packages = packagesOf(base);
  const umbrella = umbrellaOf(packages);
  return { packages: packages.map(({ folder }) => folder), families, umbrella };
}

/** It hands on what it depends on, every family among it. */
export function umbrellaOf(packages: readonly Workspace[]): Umbrella {
  const found = packages.find(({ tags }) => tags.includes("umbrella"));
  if (found === undefined) throw new Error('No package has the tag "umbrella".');
  const { folder, manifest } = found;
  const names = Object.keys(manifest.dependencies ?? {});
  for (const { manifest: family } of packages.filter(({ tags }) => tags.includes("family"))) {
    if (names.includes(family.name)) continue;
    throw new Error(`${folder}/package.json hands on every family. Add ${family.name}.`);
  }
  const folders = new Map(packages.map((one) => [one.manifest.name, one.folder]));
  const dependencies = names.sort().map((name) => {
    const at = folders.get(name);
    if (at !== undefined) return [name, at] as const;
    throw new Error(`${folder}/package.json hands on packages of this repository, not ${name}.`);
  });
  return { folder, dependencies: new Map(dependencies) };
}

/** A variant is a folder that has a file of its own name. */
export function variantsOf(base: string, folder: string): readonly string[] {
  const found = filesOf(base, `${folder}/src/*/*.ts`).flatMap((path) => {
    const [directory, file] = path.split("/").slice(-2);
    return file === `${directory}.ts` ? [directory as string] : [];
  });
  // By folder, as Biome sorts exports: "film" before "film-batch-norm", which paths have the other way.
  return found.sort();
}

async function readVariant(base: string, folder: string, kebab: string): Promise<Variant> {
  const stem = `${folder}/src/${kebab}/${kebab}`;
  for (const end of ["reference.ts", "case.ts", "spec.ts", "example.ts", "md"]) {
    if (!existsSync(join(base, `${stem}.${end}`))) {
      throw new Error(`${stem}.${end} is missing. A variant has six files; see CONTRIBUTING.md.`);
    }
  }
  const id = camel(kebab);
  const module = (await import(pathToFileURL(join(base, `${stem}.ts`)).href)) as Exports;
  const norm = module[id]?.card;
  const card = norm ?? (module[`${id}Card`] as Card | undefined);
  if (card?.id !== id) {
    throw new Error(
      `${stem}.ts must export the norm ${id}, or a method's ${id}Card, and the card's id must be "${id}".`,
    );
  }
  return norm ? { kebab, card } : { kebab, card, method: true };
}

type Exports = Readonly<Record<string, (Partial<Card> & { readonly card?: Card }) | undefined>>;
