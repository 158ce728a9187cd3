import { fail, random } from "@evenkeel/autodiff";

/** One half of a data set, ready to be cut into batches. */
export interface Split {
  /** [count, channels, height, width], row-major; mean 0 and deviation 1 per training channel. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  /** Where each image comes from, for norms that are told the domain; null where none is known. */
  readonly domains: Int32Array | null;
  readonly count: number;
}

export interface Dataset {
  readonly name: string;
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly classes: readonly string[];
  readonly domains: readonly string[];
  /** The domain of all test images, if none of it is trained on; `domains` are the others then. */
  readonly heldOut?: string;
  readonly train: Split;
  readonly test: Split;
}

/** How much of a data set to take; `seed` chooses which images. */
export interface SizeOptions {
  readonly train?: number | undefined;
  readonly test?: number | undefined;
  readonly seed?: number | undefined;
}

/** For data whose domains are known. */
export interface DomainSizeOptions extends SizeOptions {
  /** A domain, by name or id, to test on and not to train on. Default: none. */
  readonly holdoutDomain?: string | undefined;
}

/** A split as it was read or drawn: any pixel scale. */
export interface RawSplit {
  readonly pixels: Uint8Array | Float32Array;
  readonly labels: Int32Array;
  readonly domains: Int32Array | null;
}

/** A data set before its pixels are standardized. */
export interface RawDataset extends Omit<Dataset, "train" | "test"> {
  readonly train: RawSplit;
  readonly test: RawSplit;
}

/** Standardizes both splits by the channel means and deviations of the training split. */
export function standardize(raw: RawDataset): Dataset {
  const [channels, height, width] = raw.shape;
  const area = height * width;
  const moments = channelMoments(raw.train.pixels, channels, area);
  const finish = ({ pixels, labels, domains }: RawSplit): Split => {
    const images = new Float32Array(pixels.length);
    for (let start = 0; start < pixels.length; start += area) {
      const { mean, deviation } = moments[(start / area) % channels]!;
      for (let i = start; i < start + area; i++) images[i] = (pixels[i]! - mean) / deviation;
    }
    return { images, labels, domains, count: labels.length };
  };
  return { ...raw, train: finish(raw.train), test: finish(raw.test) };
}

function channelMoments(
  pixels: RawSplit["pixels"],
  channels: number,
  area: number,
): { mean: number; deviation: number }[] {
  const count = pixels.length / channels;
  return Array.from({ length: channels }, (_, channel) => {
    let sum = 0;
    for (let start = channel * area; start < pixels.length; start += channels * area) {
      for (let i = start; i < start + area; i++) sum += pixels[i]!;
    }
    const mean = sum / count;
    let squares = 0;
    for (let start = channel * area; start < pixels.length; start += channels * area) {
      for (let i = start; i < start + area; i++) squares += (pixels[i]! - mean) ** 2;
    }
    // A constant channel becomes zeros, not NaN.
    return { mean, deviation: Math.sqrt(squares / count) || 1 };
  });
}

/** The images of `split` for which `keep` is true, in their old order. */
export function pick(split: RawSplit, keep: (index: number) => boolean): RawSplit {
  const chosen = Array.from(split.labels.keys()).filter(keep);
  const size = split.pixels.length / split.labels.length;
  const pixels = split.pixels.slice(0, chosen.length * size);
  chosen.forEach((from, to) => {
    pixels.set(split.pixels.subarray(from * size, (from + 1) * size), to * size);
  });
  const { domains } = split;
  return {
    pixels,
    labels: Int32Array.from(chosen, (index) => split.labels[index]!),
    domains: domains && Int32Array.from(chosen, (index) => domains[index]!),
  };
}

/** A random choice of `count` of `total` indices, as a membership test. */
export function sample(total: number, count: number, seed: number): (index: number) => boolean {
  const chosen = new Uint8Array(total);
  for (const index of random(seed).permutation(total).subarray(0, count)) chosen[index] = 1;
  return (index) => chosen[index] === 1;
}

/** At most `options.train` and `options.test` images of a data set, chosen by `options.seed`. */
export function limit(where: string, raw: RawDataset, options: SizeOptions): RawDataset {
  const cut = (half: "train" | "test"): RawSplit => {
    const count = options[half];
    const split = raw[half];
    if (count === undefined) return split;
    checkCount(where, half, count);
    const total = split.labels.length;
    return count < total ? pick(split, sample(total, count, options.seed ?? 1)) : split;
  };
  return { ...raw, train: cut("train"), test: cut("test") };
}

export function checkCount(where: string, name: string, count: number): void {
  if (Number.isInteger(count) && count > 0) return;
  fail({
    where,
    expected: `${name} to be a whole number of images above 0`,
    got: String(count),
    hint: `Pass for example ${name}: 500, or leave it out.`,
  });
}
