import * as batchGroupNorm from "@evenkeel/batch-group-norm";
import * as batchNorm from "@evenkeel/batch-norm";
import * as conditionalNorm from "@evenkeel/conditional-norm";
import * as continualNorm from "@evenkeel/continual-norm";
import * as crossIterationNorm from "@evenkeel/cross-iteration-norm";
import * as domainNorm from "@evenkeel/domain-norm";
import * as groupNorm from "@evenkeel/group-norm";
import * as instanceEnhancementNorm from "@evenkeel/instance-enhancement-norm";
import { baseline, names } from "@evenkeel/lab/names";
import { cases } from "@evenkeel/lab/norms";
import * as memorizedNorm from "@evenkeel/memorized-norm";
import * as mimicNorm from "@evenkeel/mimic-norm";
import * as movingAverageNorm from "@evenkeel/moving-average-norm";
import * as patchNorm from "@evenkeel/patch-norm";
import * as positionalNorm from "@evenkeel/positional-norm";
import * as proxyNorm from "@evenkeel/proxy-norm";
import * as representativeNorm from "@evenkeel/representative-norm";
import * as sandwichNorm from "@evenkeel/sandwich-norm";
import * as unifiedNorm from "@evenkeel/unified-norm";

/** A norm as the list of choices shows it. */
export interface Choice {
  readonly id: string;
  /** "Batch norm". */
  readonly label: string;
  readonly family: string;
  /** One sentence. */
  readonly summary: string;
}

/** In the order of the list. */
const families: Readonly<Record<string, object>> = {
  "Batch norm": batchNorm,
  "Group, layer, instance norm": groupNorm,
  "Batch group norm": batchGroupNorm,
  "Conditional norm": conditionalNorm,
  "Sandwich norm": sandwichNorm,
  "Representative norm": representativeNorm,
  "Instance enhancement": instanceEnhancementNorm,
  "Statistics of several batches": {
    ...crossIterationNorm,
    ...memorizedNorm,
    ...movingAverageNorm,
  },
  Domains: domainNorm,
  "Continual learning": continualNorm,
  "Patches and positions": { ...patchNorm, ...positionalNorm },
  "Other statistics": { ...unifiedNorm, ...proxyNorm, ...mimicNorm },
};

/** They refuse every batch that comes without a branch, a task or a style, and the playground's data have none. */
export const untold: readonly string[] = [
  "auxiliaryBatchNorm",
  "adain",
  "film",
  "taskBalancedBatchNorm",
  "sandwichAdain",
  "sandwichAuxBatchNorm",
  "sandwichBatchNormNas",
];

const none: Choice = {
  id: baseline,
  label: "No norm",
  family: "For comparison",
  summary: "The same network with nothing where the norm would be.",
};

/** Every norm that can be trained on the playground's data, family by family. */
export function catalogue(): readonly Choice[] {
  const known = names.filter((id) => id !== baseline && !untold.includes(id));
  const listed = Object.entries(families).flatMap(([family, members]) =>
    known
      .filter((id) => Object.hasOwn(members, id))
      .map((id): Choice => {
        const { name, summary } = cases[id]!.norm.card;
        return { id, label: shortName(name), family, summary };
      }),
  );
  return [none, ...listed];
}

/** "Batch normalization embeddings (BNE)" as "Batch norm embeddings": it has to fit beside a curve. */
function shortName(name: string): string {
  return name
    .replace(/ \(.*\)$/, "")
    .replace(/normalization/, "norm")
    .replace(/Normalization/, "Norm");
}
