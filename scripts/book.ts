import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { familiesOf, filesOf, packagesOf, root } from "./workspace.ts";

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
}

export interface Family {
  readonly name: string;
  readonly folder: string;
  readonly description: string;
  readonly peers: readonly string[];
  readonly variants: readonly Variant[];
}

/** All that the generated files are made from. */
export interface Book {
  /** Folders of all packages, families or not. */
  readonly packages: readonly string[];
  readonly families: readonly Family[];
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
  return { packages: packagesOf(base).map(({ folder }) => folder), families };
}

/** A variant is a folder that has a file of its own name. */
export function variantsOf(base: string, folder: string): readonly string[] {
  return filesOf(base, `${folder}/src/*/*.ts`).flatMap((path) => {
    const [directory, file] = path.split("/").slice(-2);
    return file === `${directory}.ts` ? [directory as string] : [];
  });
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
  const card = module[id]?.card;
  if (card?.id !== id) {
    throw new Error(`${stem}.ts must export the norm ${id}, and its card's id must be "${id}".`);
  }
  return { kebab, card };
}

type Exports = Readonly<Record<string, { readonly card?: Card } | undefined>>;
