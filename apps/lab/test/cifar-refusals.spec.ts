import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { loadCifar10, loadCifar100 } from "../src/data/cifar.ts";
import { folderWith, refusal, subfolder } from "./folder.ts";
import { cifar10File, cifar100File } from "./images.ts";

describe("loadCifar10 refuses", () => {
  it("a folder that is not there", () => {
    const folder = folderWith();
    expect(refusal(folder, () => loadCifar10(join(folder, "none")))).toBe(
      "loadCifar10: expected a folder DIR/none with data_batch_1.bin and test_batch.bin, got nothing there. Pass the path of the folder that the files lie in.",
    );
  });

  it("a file in place of the folder", () => {
    const folder = folderWith({ "a.bin": cifar10File(1) });
    expect(refusal(folder, () => loadCifar10(join(folder, "a.bin")))).toBe(
      "loadCifar10: expected a folder DIR/a.bin with data_batch_1.bin and test_batch.bin, got a file. Pass the path of the folder that the files lie in.",
    );
  });

  it("a folder without training batches, and lists what is there", () => {
    const folder = folderWith({ "test_batch.bin": cifar10File(1), "notes.txt": "x" });
    expect(refusal(folder, () => loadCifar10(folder))).toBe(
      "loadCifar10: expected at least data_batch_1.bin (or data_batch_1.bin.gz) in DIR, got only notes.txt, test_batch.bin. Pass the folder of CIFAR-10's binary version.",
    );
    const empty = folderWith();
    expect(refusal(empty, () => loadCifar10(empty))).toContain("got an empty folder.");
  });

  it("a folder without a test batch", () => {
    const folder = folderWith({ "data_batch_1.bin": cifar10File(1) });
    expect(refusal(folder, () => loadCifar10(folder))).toBe(
      "loadCifar10: expected a file DIR/test_batch.bin (or DIR/test_batch.bin.gz), got nothing there. Check the path.",
    );
  });

  it("a folder where a file should be", () => {
    const folder = folderWith({ "data_batch_1.bin": cifar10File(1) });
    subfolder(folder, "test_batch.bin");
    expect(refusal(folder, () => loadCifar10(folder))).toBe(
      "loadCifar10: expected a readable file DIR/test_batch.bin, got a folder. Pass the path of a file that you may read.",
    );
  });

  it("a truncated file, and says how many bytes stand over", () => {
    const whole = cifar10File(1, 2, 3);
    const folder = folderWith({
      "data_batch_1.bin": whole.subarray(0, 2 * 3073 + 100),
      "test_batch.bin": whole,
    });
    expect(refusal(folder, () => loadCifar10(folder))).toBe(
      "loadCifar10: expected whole records of 3073 bytes in DIR/data_batch_1.bin, got 6246 bytes, 2 records and 100 bytes over. The file is truncated or of another format: download it again.",
    );
  });

  it("an empty file", () => {
    const folder = folderWith({ "data_batch_1.bin": "", "test_batch.bin": cifar10File(1) });
    expect(refusal(folder, () => loadCifar10(folder))).toBe(
      "loadCifar10: expected data in DIR/data_batch_1.bin, got an empty file. Download it again.",
    );
  });

  it("a CIFAR-100 file, by its length", () => {
    const folder = folderWith({
      "data_batch_1.bin": cifar100File([1, 2], [3, 4]),
      "test_batch.bin": cifar10File(1),
    });
    expect(refusal(folder, () => loadCifar10(folder))).toBe(
      "loadCifar10: expected whole records of 3073 bytes in DIR/data_batch_1.bin, got 6148 bytes, 2 records and 2 bytes over. Its length fits the other CIFAR format: pass cifar100:FILE.",
    );
  });

  it("a label that has no name", () => {
    const folder = folderWith({
      "data_batch_1.bin": cifar10File(1, 10),
      "test_batch.bin": cifar10File(1),
    });
    expect(refusal(folder, () => loadCifar10(folder))).toBe(
      "loadCifar10: expected labels from 0 to 9 in DIR/data_batch_1.bin, got 10 in record 1. Pass a CIFAR-100 file as cifar100:FILE; other classes need names in batches.meta.txt.",
    );
  });

  it("a gzip file that does not unpack", () => {
    const packed = gzipSync(cifar10File(1));
    const folder = folderWith({
      "data_batch_1.bin.gz": packed.subarray(0, packed.length - 20),
      "test_batch.bin": cifar10File(1),
    });
    expect(refusal(folder, () => loadCifar10(folder))).toBe(
      "loadCifar10: expected a whole gzip file DIR/data_batch_1.bin.gz, got one that does not unpack (unexpected end of file). Download it again.",
    );
  });

  it("a names file without names", () => {
    const folder = folderWith({
      "data_batch_1.bin": cifar10File(1),
      "test_batch.bin": cifar10File(1),
      "batches.meta.txt": "\n \n",
    });
    expect(refusal(folder, () => loadCifar10(folder))).toBe(
      "loadCifar10: expected one name per line in DIR/batches.meta.txt, got blank lines only. Write the names or delete the file.",
    );
  });

  it("no images at all", () => {
    const folder = folderWith({
      "data_batch_1.bin": cifar10File(1),
      "test_batch.bin": cifar10File(1),
    });
    expect(refusal(folder, () => loadCifar10(folder, { test: 0 }))).toBe(
      "loadCifar10: expected test to be a whole number of images above 0, got 0. Pass for example test: 500, or leave it out.",
    );
  });
});

describe("loadCifar100 refuses", () => {
  it("a file that is not there", () => {
    const folder = folderWith();
    expect(refusal(folder, () => loadCifar100(join(folder, "no.bin")))).toBe(
      "loadCifar100: expected a file DIR/no.bin (or DIR/no.bin.gz), got nothing there. Check the path.",
    );
  });

  it("a CIFAR-10 file, by its length", () => {
    const folder = folderWith({ "a.bin": cifar10File(1) });
    expect(refusal(folder, () => loadCifar100(join(folder, "a.bin")))).toBe(
      "loadCifar100: expected whole records of 3074 bytes in DIR/a.bin, got 3073 bytes, 0 records and 3073 bytes over. Its length fits the other CIFAR format: pass cifar10:DIR.",
    );
  });

  it("a label beyond the names beside the file", () => {
    const folder = folderWith({
      "a.bin": cifar100File([0, 0], [0, 2]),
      "fine_label_names.txt": "dog\nhorse",
    });
    expect(refusal(folder, () => loadCifar100(join(folder, "a.bin")))).toBe(
      "loadCifar100: expected labels from 0 to 1 in DIR/a.bin, got 2 in record 1. Check that the file is in CIFAR-100's format and that fine_label_names.txt beside it is complete.",
    );
  });

  it("a label beyond the format's hundred where there are no names", () => {
    const folder = folderWith({ "a.bin": cifar100File([0, 0], [0, 100]) });
    expect(refusal(folder, () => loadCifar100(join(folder, "a.bin")))).toContain(
      "expected labels from 0 to 99 in DIR/a.bin, got 100 in record 1.",
    );
  });

  it("one image, which cannot be divided", () => {
    const folder = folderWith({ "a.bin": cifar100File([0, 0]) });
    expect(refusal(folder, () => loadCifar100(join(folder, "a.bin")))).toBe(
      "loadCifar100: expected at least 2 images in DIR/a.bin, to divide into training and test images, got 1. Pass a larger file.",
    );
  });

  it("the same byte as label and domain, which would give the answer away", () => {
    const run = () => loadCifar100("a.bin", { label: "coarse", domain: "coarse" });
    expect(refusal(null, run)).toBe(
      'loadCifar100: expected another byte for the domain than for the label, got "coarse" for both. Pass domain: "fine" or null.',
    );
  });
});
