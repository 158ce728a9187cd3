import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadCifar10, loadCifar100 } from "../src/data/cifar.ts";
import type { Dataset } from "../src/data/dataset.ts";
import { glyphs } from "../src/data/glyphs.ts";
import { loadDataset } from "../src/data/load.ts";
import { folderWith, refusal } from "./folder.ts";
import { cifar10File, cifar100File } from "./images.ts";

// Record i has the pixel value i in its first channel; labels are [domain, class].
const records = Array.from({ length: 30 }, (_, i): [number, number] => [i % 3, Math.floor(i / 10)]);
const names = {
  "coarse_label_names.txt": "art\nphoto\nsketch\n",
  "fine_label_names.txt": "a\nb\nc\n",
};
const load = (holdoutDomain: string): Dataset => {
  const folder = folderWith({ ...names, "x.bin": cifar100File(...records) });
  return loadCifar100(join(folder, "x.bin"), { domain: "coarse", holdoutDomain });
};

/** The record that each image is, by its brightness: values are standardized by an increasing map. */
const brightness = ({ images, count }: Dataset["test"]): number[] =>
  Array.from({ length: count }, (_, i) => images[i * 3 * 32 * 32]!);

describe("a domain held out", () => {
  it("is the whole test, and nothing of it is trained on", () => {
    const { train, test, domains, heldOut } = load("photo");
    expect([heldOut, domains]).toEqual(["photo", ["art", "sketch"]]);
    expect(test.count).toBe(10);
    expect(test.domains).toBeNull();
    expect(new Set(train.domains)).toEqual(new Set([0, 1]));
    const apart = new Set([...brightness(train), ...brightness(test)]);
    expect(apart.size).toBe(train.count + test.count);
  });

  it("gives the others their numbers anew, in order", () => {
    const { train } = load("art");
    const by = (domain: number): number[] =>
      brightness(train).filter((_, i) => train.domains![i] === domain);
    // Photos are records 1, 4, … and sketches 2, 5, …: a photo is one step darker than the next sketch.
    const step = (Math.max(...brightness(train)) - Math.min(...brightness(train))) / 28;
    const place = (v: number): number => Math.round((v - Math.min(...brightness(train))) / step);
    expect(train.domains).toContain(0);
    expect(by(0).every((v) => place(v) % 3 === place(by(0)[0]!) % 3)).toBe(true);
    expect(by(1).every((v) => place(v) % 3 === place(by(1)[0]!) % 3)).toBe(true);
  });

  it("comes in another order than the file's, always the same", () => {
    const { test } = load("sketch");
    const order = brightness(test);
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
    expect(brightness(load("sketch").test)).toEqual(order);
    expect(new Set(test.labels)).toEqual(new Set([0, 1, 2]));
  });

  it("does not enter the mean and deviation that standardize", () => {
    const { train } = load("sketch");
    const mean = train.images.reduce((sum, v) => sum + v, 0) / train.images.length;
    expect(mean).toBeCloseTo(0, 4);
  });

  it("may be given by its id", () => {
    expect(load("2").heldOut).toBe("sketch");
  });

  it("may be one of the glyphs'", () => {
    const { train, test, domains, heldOut } = glyphs({
      train: 80,
      test: 40,
      holdoutDomain: "noisy",
    });
    expect([heldOut, domains]).toEqual(["noisy", ["plain", "inverted", "textured"]]);
    expect([train.count, test.count]).toEqual([60, 30]);
    expect(new Set(train.domains)).toEqual(new Set([0, 1, 2]));
  });
});

describe("what cannot be held out", () => {
  it("is an unknown domain, and the nearest is suggested", () => {
    expect(refusal(null, () => load("sketches"))).toBe(
      'loadCifar100: expected holdoutDomain among art, photo, sketch, or an id from 0 to 2, got "sketches". Did you mean sketch?',
    );
    expect(refusal(null, () => load("3"))).toBe(
      'loadCifar100: expected holdoutDomain among art, photo, sketch, or an id from 0 to 2, got "3".',
    );
  });

  it("is a domain where none is known", () => {
    const folder = folderWith({ "x.bin": cifar100File(...records) });
    const path = join(folder, "x.bin");
    expect(refusal(null, () => loadCifar100(path, { holdoutDomain: "photo" }))).toBe(
      'loadCifar100: expected images whose domain is known, to hold one out, got holdoutDomain "photo" without domains. Name the domain\'s byte with --domain, or leave holdoutDomain out.',
    );
    const cifar10 = folderWith({
      "data_batch_1.bin": cifar10File(3),
      "test_batch.bin": cifar10File(5),
    });
    expect(loadCifar10(cifar10).heldOut).toBeUndefined();
    expect(refusal(null, () => loadDataset(`cifar10:${cifar10}`, { holdoutDomain: "photo" }))).toBe(
      'loadDataset: expected no option "holdoutDomain" for cifar10, got "photo". Its images have no known domain; take glyphs, or cifar100:FILE with a domain.',
    );
  });

  it("is a domain without images, and the only one that has any", () => {
    const labels = records.map(([, label]): [number, number] => [0, label]);
    const folder = folderWith({ ...names, "x.bin": cifar100File(...labels) });
    const hold = (holdoutDomain: string) => () =>
      loadCifar100(join(folder, "x.bin"), { domain: "coarse", holdoutDomain });
    expect(refusal(null, hold("photo"))).toBe(
      "loadCifar100: expected images in it, with domain photo held out, got none. Hold out another domain.",
    );
    expect(refusal(null, hold("art"))).toBe(
      "loadCifar100: expected images outside it to train on, with domain art held out, got none. Hold out another domain.",
    );
  });
});
