import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./files.ts";

/** Not in git: written by scripts/facts.ts before the site is built or served. */
export const generated: string = join(root, "apps/docs/.generated");
export const factsFile: string = join(generated, "facts.json");

/** A norm's card; norm-core says what its fields mean. */
export interface Card {
  readonly id: string;
  readonly name: string;
  readonly summary: string;
  readonly tex: string;
  readonly paper: {
    readonly title: string;
    readonly authors: string;
    readonly year: number;
    readonly venue?: string;
    readonly arxiv?: string;
    readonly code?: string;
  };
  readonly keys?: Readonly<Record<string, string>>;
  readonly activated?: boolean;
  readonly notes: readonly string[];
}

/** A tensor that a norm keeps. */
export interface TensorFacts {
  readonly name: string;
  readonly shape: readonly number[];
  readonly kind: "parameter" | "state";
  /** What PyTorch's state dict calls it. */
  readonly key?: string;
}

/** Numbers that others' code computed, and that the tests compare ours with. */
export interface GoldenFacts {
  readonly file: string;
  readonly source: string;
  readonly cases: number;
}

/** What the tests promise of a variant. */
export interface PromiseFacts {
  /** Derivatives up to this order equal finite differences. */
  readonly gradientOrder: number;
  /** Norms that it equals at some parameters. */
  readonly equals: readonly string[];
  readonly laws: readonly string[];
  /** Promises that the method cannot keep, with the reason. */
  readonly exceptions: Readonly<Record<string, string>>;
  readonly errors: readonly string[];
  readonly golden: readonly GoldenFacts[];
}

/** A measured time, from docs/benchmarks.json. */
export interface CostFacts {
  readonly shape: string;
  readonly engine: string;
  readonly ms: number;
  /** Batch norm in the same engine on the same numbers. */
  readonly batchNormMs?: number;
}

export interface VariantFacts {
  readonly kebab: string;
  readonly card: Card;
  readonly method?: boolean;
  /** Brotli bytes of this variant alone, without its peers. */
  readonly bytes: number;
  readonly tensors: readonly TensorFacts[];
  readonly promises: PromiseFacts;
  readonly costs: readonly CostFacts[];
}

export interface FamilyFacts {
  readonly name: string;
  readonly folder: string;
  readonly description: string;
  readonly peers: readonly string[];
  readonly variants: readonly VariantFacts[];
}

export interface PackageFacts {
  readonly name: string;
  /** Without the scope. */
  readonly short: string;
  readonly folder: string;
  readonly description: string;
  /** The file whose exports the reference describes. */
  readonly entry: string;
  /** Brotli bytes of all of it, without peers and dependencies. */
  readonly bytes: number;
}

/** What the pages are made from and only the sources know. */
export interface Facts {
  readonly families: readonly FamilyFacts[];
  readonly packages: readonly PackageFacts[];
  /** The norms of the playground, as its element takes them. */
  readonly catalogue: unknown;
}

export function readFacts(): Facts {
  return JSON.parse(readFileSync(factsFile, "utf8")) as Facts;
}
