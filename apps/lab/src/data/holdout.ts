import { fail, nearest, OptionError, random } from "@evenkeel/autodiff";
import { pick, type RawDataset, type RawSplit } from "./dataset.ts";

/**
 * Leaves one domain out: the training images of the others, numbered anew, and for the test all images of
 * that one, in a random order (files are often sorted by class, and norms that adapt to batches would see
 * one class at a time). Test images have no known domain then.
 *
 * @param domain - A name, or an id.
 * @throws OptionError for a data set without domains, an unknown one, or one that leaves nothing to train
 *   on or to test.
 */
export function holdOut(where: string, raw: RawDataset, domain: string | undefined): RawDataset {
  if (domain === undefined) return raw;
  const { train, test, domains } = raw;
  if (!train.domains || !test.domains) return refuseWithout(where, domain);
  const id = idOf(where, domains, domain);
  const elsewhere = pick(train, (i) => train.domains![i] !== id);
  const held = [train, test].map((split) => pick(split, (i) => split.domains![i] === id));
  const all = shuffled(joined(held));
  checkImages(where, domains[id]!, "outside it to train on", elsewhere);
  checkImages(where, domains[id]!, "in it", all);
  const renumbered = elsewhere.domains!.map((d) => (d > id ? d - 1 : d));
  return {
    ...raw,
    domains: domains.filter((_, i) => i !== id),
    heldOut: domains[id]!,
    train: { ...elsewhere, domains: renumbered },
    test: { ...all, domains: null },
  };
}

function idOf(where: string, domains: readonly string[], domain: string): number {
  const named = domains.indexOf(domain);
  if (named >= 0) return named;
  const id = /^\d+$/.test(domain) ? Number(domain) : -1;
  if (id >= 0 && id < domains.length) return id;
  const near = nearest(domain, domains);
  return fail(
    {
      where,
      expected: `holdoutDomain among ${domains.join(", ")}, or an id from 0 to ${domains.length - 1}`,
      got: JSON.stringify(domain),
      ...(near && { hint: `Did you mean ${near}?` }),
    },
    OptionError,
  );
}

function refuseWithout(where: string, domain: string): never {
  return fail(
    {
      where,
      expected: "images whose domain is known, to hold one out",
      got: `holdoutDomain ${JSON.stringify(domain)} without domains`,
      hint: "Name the domain's byte with --domain, or leave holdoutDomain out.",
    },
    OptionError,
  );
}

function checkImages(where: string, domain: string, which: string, { labels }: RawSplit): void {
  if (labels.length > 0) return;
  fail(
    {
      where,
      expected: `images ${which}, with domain ${domain} held out`,
      got: "none",
      hint: "Hold out another domain.",
    },
    OptionError,
  );
}

function joined(splits: readonly RawSplit[]): RawSplit {
  const size = splits.reduce((sum, { pixels }) => sum + pixels.length, 0);
  const pixels =
    splits[0]!.pixels instanceof Uint8Array ? new Uint8Array(size) : new Float32Array(size);
  let at = 0;
  for (const split of splits) {
    pixels.set(split.pixels, at);
    at += split.pixels.length;
  }
  return {
    pixels,
    labels: Int32Array.from(splits.flatMap(({ labels }) => [...labels])),
    domains: null,
  };
}

function shuffled({ pixels, labels }: RawSplit): RawSplit {
  const size = pixels.length / Math.max(1, labels.length);
  const order = random(1).permutation(labels.length);
  const moved = pixels.slice();
  order.forEach((from, to) => {
    moved.set(pixels.subarray(from * size, (from + 1) * size), to * size);
  });
  return { pixels: moved, labels: Int32Array.from(order, (i) => labels[i]!), domains: null };
}
