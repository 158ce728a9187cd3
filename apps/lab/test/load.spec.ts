import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadDataset } from "../src/data/load.ts";
import { folderWith, refusal } from "./folder.ts";
import { cifar10File, cifar100File } from "./images.ts";

describe("loadDataset", () => {
  it("draws glyphs with the options given", () => {
    const data = loadDataset("glyphs", { train: 20, test: 10, seed: 7 });
    expect([data.name, data.train.count, data.test.count]).toEqual(["glyphs", 20, 10]);
  });

  it("loads the path behind the first colon, even with further colons in it", () => {
    const folder = folderWith({ "a:b.bin": cifar100File([0, 1], [1, 0], [1, 1]) });
    const data = loadDataset(`cifar100:${join(folder, "a:b.bin")}`, { domain: "coarse" });
    expect(data.name).toBe("a:b");
    expect(data.domains).toHaveLength(2);
  });

  it("loads cifar10", () => {
    const folder = folderWith({
      "data_batch_1.bin": cifar10File(3),
      "test_batch.bin": cifar10File(5),
    });
    expect([...loadDataset(`cifar10:${folder}`).test.labels]).toEqual([5]);
  });

  it("suggests the nearest of an unknown kind", () => {
    expect(refusal(null, () => loadDataset("cifar11:data"))).toBe(
      'loadDataset: expected glyphs | cifar10:DIR | cifar100:FILE | mnist:DIR, got "cifar11:data". Did you mean "cifar10"?',
    );
  });

  it("suggests nothing where nothing is near", () => {
    expect(refusal(null, () => loadDataset("imagenet:x"))).toBe(
      'loadDataset: expected glyphs | cifar10:DIR | cifar100:FILE | mnist:DIR, got "imagenet:x". Choose one of these.',
    );
    expect(refusal(null, () => loadDataset("toString:x"))).toContain("Choose one of these.");
  });

  it("refuses a kind without its path, and glyphs with one", () => {
    expect(refusal(null, () => loadDataset("mnist"))).toBe(
      'loadDataset: expected mnist:DIR, got "mnist". Add a colon and the path: mnist:DIR.',
    );
    expect(refusal(null, () => loadDataset("glyphs:x"))).toBe(
      'loadDataset: expected glyphs alone, got "glyphs:x". Write "glyphs".',
    );
  });

  it("refuses an option that the kind does not know", () => {
    expect(refusal(null, () => loadDataset("glyphs", { domain: "coarse" }))).toBe(
      'loadDataset: expected no option "domain" for glyphs, got "coarse". It chooses a label byte of cifar100:FILE; leave it out.',
    );
  });
});
