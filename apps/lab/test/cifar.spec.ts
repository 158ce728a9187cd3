import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { loadCifar10, loadCifar100 } from "../src/data/cifar.ts";
import type { Split } from "../src/data/dataset.ts";
import { folderWith } from "./folder.ts";
import { cifar10File, cifar100File } from "./images.ts";

const names10 = "cat\ndog\n\n";

/** Which records of `cifar100File` a split holds: their pixel value, put back in order of size. */
function records(...splits: Split[]): number[] {
  return splits.flatMap(({ images }) =>
    Array.from({ length: images.length / 3072 }, (_, i) => images[i * 3072]!),
  );
}

describe("loadCifar10", () => {
  it("reads the batches in numerical order and takes the class names from the folder", () => {
    const folder = folderWith({
      "data_batch_10.bin": cifar10File(1),
      "data_batch_2.bin": cifar10File(0, 0),
      "test_batch.bin": cifar10File(1),
      "batches.meta.txt": names10,
    });
    const data = loadCifar10(folder);
    expect([...data.train.labels]).toEqual([0, 0, 1]);
    expect([...data.test.labels]).toEqual([1]);
    expect(data.classes).toEqual(["cat", "dog"]);
    expect(data.shape).toEqual([3, 32, 32]);
    expect(data.train.domains).toBeNull();
    expect(folder.endsWith(data.name)).toBe(true);
  });

  it("names CIFAR-10's classes where the folder does not", () => {
    const folder = folderWith({
      "data_batch_1.bin": cifar10File(9),
      "test_batch.bin": cifar10File(0),
    });
    expect(loadCifar10(folder).classes[9]).toBe("truck");
  });

  it("standardizes every channel by the training images", () => {
    const folder = folderWith({
      "data_batch_1.bin": cifar10File(0, 1, 2),
      "test_batch.bin": cifar10File(3),
    });
    const { train, test } = loadCifar10(folder);
    // Pixels 0, 10, 20 (plus the channel's number): mean 10, deviation √(200 / 3).
    const unit = Math.sqrt(1.5);
    for (const channel of [0, 1, 2]) {
      const values = [0, 1, 2].map((i) => train.images[i * 3072 + channel * 1024 + 1023]!);
      expect(values).toEqual([-unit, 0, unit].map(Math.fround));
      expect(test.images[channel * 1024]).toBe(Math.fround(-unit));
    }
  });

  it("makes zeros, not NaN, of a channel that is constant", () => {
    const folder = folderWith({
      "data_batch_1.bin": cifar10File(0),
      "test_batch.bin": cifar10File(0),
    });
    expect(loadCifar10(folder).train.images.every((value) => value === 0)).toBe(true);
  });

  it("reads the same from gzipped files, with or without .gz in their names", () => {
    const plain = folderWith({
      "data_batch_1.bin": cifar10File(0, 1),
      "test_batch.bin": cifar10File(1),
      "batches.meta.txt": names10,
    });
    const packed = folderWith({
      "data_batch_1.bin.gz": gzipSync(cifar10File(0, 1)),
      "test_batch.bin": gzipSync(cifar10File(1)),
      "batches.meta.txt.gz": gzipSync(names10),
    });
    const { name: _, ...expected } = loadCifar10(plain);
    expect(loadCifar10(packed)).toMatchObject(expected);
  });

  it("takes as many images as it is told, the same ones for the same seed", () => {
    const folder = folderWith({
      "data_batch_1.bin": cifar10File(0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
      "test_batch.bin": cifar10File(0, 1, 2),
    });
    const load = (seed: number) => loadCifar10(folder, { train: 4, test: 9, seed });
    const [one, again, other] = [load(1), load(1), load(2)];
    expect(one.train.count).toBe(4);
    expect(one.train.images).toHaveLength(4 * 3072);
    expect(one.test.count).toBe(3);
    expect(again).toEqual(one);
    expect([...other.train.labels]).not.toEqual([...one.train.labels]);
    // Record i has label i and pixels growing with i: what was picked still belongs together.
    const firsts = records(one.train);
    const order = [...firsts].sort((a, b) => a - b);
    expect(firsts).toEqual(order);
    expect([...one.train.labels]).toEqual([...one.train.labels].sort());
  });
});

describe("loadCifar100", () => {
  const ten = cifar100File(
    ...Array.from({ length: 10 }, (_, i): [number, number] => [i % 4, i % 7]),
  );

  it("divides a single file 80 to 20, always in the same way, and loses no record", () => {
    const path = join(folderWith({ "pacs.bin": ten }), "pacs.bin");
    const data = loadCifar100(path);
    expect(data.name).toBe("pacs");
    expect([data.train.count, data.test.count]).toEqual([8, 2]);
    expect(loadCifar100(path)).toEqual(data);
    // Pixel values grow with the record, so ten different ones are all ten records.
    expect(new Set(records(data.train, data.test)).size).toBe(10);
  });

  it("takes either byte as the label and the other as the domain, with the names beside the file", () => {
    const folder = folderWith({
      "all.bin": cifar100File([0, 1], [0, 1], [1, 0], [1, 0]),
      "fine_label_names.txt": "dog\nhorse\n",
      "coarse_label_names.txt": "photo\nsketch\n",
    });
    const path = join(folder, "all.bin");
    const fine = loadCifar100(path, { domain: "coarse" });
    expect([fine.classes, fine.domains]).toEqual([
      ["dog", "horse"],
      ["photo", "sketch"],
    ]);
    expect([...fine.train.labels].map((label) => 1 - label)).toEqual([...fine.train.domains!]);
    const coarse = loadCifar100(path, { label: "coarse" });
    expect([coarse.classes, coarse.domains]).toEqual([["photo", "sketch"], []]);
    expect([...coarse.train.labels]).toEqual([...fine.train.domains!]);
    expect(coarse.train.domains).toBeNull();
  });

  it("numbers the classes that occur where there are no names", () => {
    const path = join(folderWith({ "all.bin": ten }), "all.bin");
    const { classes, domains } = loadCifar100(path, { domain: "coarse" });
    expect(classes).toHaveLength(7);
    expect(domains).toEqual(["coarse 0", "coarse 1", "coarse 2", "coarse 3"]);
  });

  it("keeps the division into train.bin and test.bin", () => {
    const folder = folderWith({
      "train.bin.gz": gzipSync(ten),
      "test.bin.gz": gzipSync(cifar100File([2, 6])),
    });
    for (const name of ["train.bin", "train.bin.gz"]) {
      const data = loadCifar100(join(folder, name));
      expect([data.train.count, data.test.count]).toEqual([10, 1]);
      expect([...data.test.labels]).toEqual([6]);
      expect(folder.endsWith(data.name)).toBe(true);
    }
  });

  it("divides a train.bin that stands alone", () => {
    const folder = folderWith({ "train.bin": ten });
    expect(loadCifar100(join(folder, "train.bin")).test.count).toBe(2);
  });
});
