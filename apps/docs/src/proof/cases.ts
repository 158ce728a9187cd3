/// <reference types="astro/client" />

import type { MethodCase, NormCase } from "@evenkeel/testkit";
import { methodTrials, normTrials, type Trial } from "@evenkeel/testkit";
import { byVariant } from "../runner/names.ts";

/** The case of each variant, by its folder; each is a chunk of its own. */
export const cases: Readonly<Record<string, () => Promise<unknown>>> = byVariant(
  import.meta.glob("../../../../packages/*/src/*/*.case.ts"),
);

/** The calls that prove a variant, and what its case says of gradients. */
export interface Subject {
  readonly order: number;
  readonly reason?: string;
  readonly trials: (seed: number) => readonly Trial[];
}

/** @throws Error where no variant has the name. */
export async function subjectOf(name: string): Promise<Subject> {
  const module = (await cases[name]?.()) as Readonly<Record<string, unknown>> | undefined;
  const found = module?.[`${camelCase(name)}Case`] as AnyNorm | AnyMethod | undefined;
  if (!found) throw new Error(`There is no variant ${name}.`);
  if (!("norm" in found)) {
    const { order = 3 } = found;
    return { order, trials: (seed) => [...methodTrials(found, { seed })] };
  }
  const { gradientOrder: order = 3, exceptions } = found;
  const reason = exceptions?.gradients;
  return { order, ...(reason && { reason }), trials: (seed) => [...normTrials(found, { seed })] };
}

type AnyNorm = NormCase<object, unknown>;
type AnyMethod = MethodCase<unknown>;

/** "batch-norm" is "batchNorm", "evonorm-b0" is "evonormB0". */
export function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
