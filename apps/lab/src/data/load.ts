import { homedir } from "node:os";
import { fail, nearest } from "@evenkeel/autodiff";
import { type Cifar100Options, loadCifar10, loadCifar100 } from "./cifar.ts";
import type { Dataset } from "./dataset.ts";
import { glyphs } from "./glyphs.ts";
import { loadMnist } from "./idx.ts";

/**
 * `train` and `test`: how many images at most (glyphs draws just as many), chosen by `seed`;
 * `label` and `domain` only mean something in CIFAR-100's format, `holdoutDomain` there and for glyphs.
 */
export type LoadOptions = Cifar100Options;

interface Kind {
  /** What stands after the colon; null for nothing. */
  readonly argument: string | null;
  /** Whether images may have a known domain. */
  readonly domains?: true;
  readonly load: (path: string, options: LoadOptions) => Dataset;
}

const kinds: Readonly<Record<string, Kind>> = {
  glyphs: { argument: null, domains: true, load: (_, options) => glyphs(options) },
  cifar10: { argument: "DIR", load: loadCifar10 },
  cifar100: { argument: "FILE", domains: true, load: loadCifar100 },
  mnist: { argument: "DIR", load: loadMnist },
};

const forms: string = Object.entries(kinds)
  .map(([name, { argument }]) => (argument ? `${name}:${argument}` : name))
  .join(" | ");

/**
 * Loads the data set that `spec` names: glyphs | cifar10:DIR | cifar100:FILE | mnist:DIR.
 *
 * @throws EvenkeelError if the kind is unknown (it suggests the nearest), or its files are not right.
 */
export function loadDataset(spec: string, options: LoadOptions = {}): Dataset {
  const where = "loadDataset";
  const colon = spec.indexOf(":");
  const name = colon < 0 ? spec : spec.slice(0, colon);
  const path = colon < 0 ? "" : spec.slice(colon + 1);
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (!kind) {
    const near = nearest(name, Object.keys(kinds));
    const hint = near ? `Did you mean "${near}"?` : "Choose one of these.";
    fail({ where, expected: forms, got: JSON.stringify(spec), hint });
  }
  const { argument } = kind;
  if ((path === "") !== (argument === null)) {
    fail({
      where,
      expected: argument ? `${name}:${argument}` : `${name} alone`,
      got: JSON.stringify(spec),
      hint: argument ? `Add a colon and the path: ${name}:${argument}.` : `Write "${name}".`,
    });
  }
  if (name !== "cifar100") refuseLabelOptions(where, name, options);
  if (!kind.domains) refuseHoldout(where, name, options);
  // Shells do not expand a tilde behind a colon.
  return kind.load(path.replace(/^~(?=\/|$)/, homedir()), options);
}

function refuseLabelOptions(where: string, name: string, options: LoadOptions): void {
  for (const option of ["label", "domain"] as const) {
    const value = options[option];
    if (value === undefined || value === null) continue;
    fail({
      where,
      expected: `no option "${option}" for ${name}`,
      got: JSON.stringify(value),
      hint: "It chooses a label byte of cifar100:FILE; leave it out.",
    });
  }
}

function refuseHoldout(where: string, name: string, { holdoutDomain }: LoadOptions): void {
  if (holdoutDomain === undefined) return;
  fail({
    where,
    expected: `no option "holdoutDomain" for ${name}`,
    got: JSON.stringify(holdoutDomain),
    hint: "Its images have no known domain; take glyphs, or cifar100:FILE with a domain.",
  });
}
