import { fail, nearest, OptionError } from "@evenkeel/autodiff";
import { cases } from "./norms.ts";

/** The network without a norm, for comparison. */
export const baseline = "none";

/** Every name that `--norms` takes. */
export const names: readonly string[] = [baseline, ...Object.keys(cases)];

/** What is compared on a domain that was not trained on, unless other names are given. */
export const holdoutNorms: readonly string[] = [
  "batchNorm",
  "domainSpecificBatchNorm",
  "batchNormEmbeddings",
  "patchAwareBatchNorm",
];

/**
 * The names in a comma-separated list; "all" means all.
 *
 * @throws OptionError for an unknown one; it suggests the nearest.
 */
export function parseNorms(list: string): readonly string[] {
  if (list === "all") return names;
  return [...new Set(list.split(",").map((part) => checkName("--norms", part.trim())))];
}

/** The name itself, if a norm (or the baseline) has it. */
export function checkName(where: string, name: string, known: readonly string[] = names): string {
  if (known.includes(name)) return name;
  const near = nearest(name, known);
  return fail(
    {
      where,
      expected: `names among ${known.join(", ")}`,
      got: JSON.stringify(name),
      ...(near && { hint: `Did you mean ${near}?` }),
    },
    OptionError,
  );
}
