import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { loadMnist } from "../src/data/idx.ts";
import { folderWith, refusal } from "./folder.ts";
import { idxFile } from "./images.ts";

/** Three training images and one test image of 2 by 3 pixels. */
function mnistFiles(): Record<string, Uint8Array> {
  const pixels = Array.from({ length: 18 }, (_, i) => i);
  return {
    "train-images-idx3-ubyte": idxFile([3, 2, 3], pixels),
    "train-labels-idx1-ubyte": idxFile([3], [7, 0, 9]),
    "t10k-images-idx3-ubyte": idxFile([1, 2, 3], pixels.slice(0, 6)),
    "t10k-labels-idx1-ubyte": idxFile([1], [4]),
  };
}

function refusalWith(changed: Record<string, Uint8Array>): string {
  const folder = folderWith({ ...mnistFiles(), ...changed });
  return refusal(folder, () => loadMnist(folder));
}

describe("loadMnist", () => {
  it("reads images and labels, standardized by the training images", () => {
    const { train, test, shape, classes } = loadMnist(folderWith(mnistFiles()));
    expect(shape).toEqual([1, 2, 3]);
    expect(classes).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    expect([...train.labels, ...test.labels]).toEqual([7, 0, 9, 4]);
    // The pixels are 0 to 17: mean 8.5, variance (18² - 1) / 12.
    const deviation = Math.sqrt(323 / 12);
    expect(train.images[0]).toBe(Math.fround(-8.5 / deviation));
    expect(train.images[17]).toBe(Math.fround(8.5 / deviation));
    expect(test.images).toEqual(train.images.slice(0, 6));
  });

  it("reads the same from gzipped files", () => {
    const packed = Object.entries(mnistFiles()).map(([name, file]) => [
      `${name}.gz`,
      gzipSync(file),
    ]);
    const { name: _, ...expected } = loadMnist(folderWith(mnistFiles()));
    expect(loadMnist(folderWith(Object.fromEntries(packed)))).toMatchObject(expected);
  });
});

describe("loadMnist refuses", () => {
  it("a folder that is not there", () => {
    const folder = folderWith();
    expect(refusal(folder, () => loadMnist(join(folder, "none")))).toBe(
      "loadMnist: expected a folder DIR/none with train-images-idx3-ubyte and its three companions, got nothing there. Pass the path of the folder that the files lie in.",
    );
  });

  it("a folder in which a file is missing", () => {
    const { "t10k-labels-idx1-ubyte": _, ...rest } = mnistFiles();
    const folder = folderWith(rest);
    expect(refusal(folder, () => loadMnist(folder))).toBe(
      "loadMnist: expected a file DIR/t10k-labels-idx1-ubyte (or DIR/t10k-labels-idx1-ubyte.gz), got nothing there. Check the path.",
    );
  });

  it("labels where images should be", () => {
    expect(refusalWith({ "train-images-idx3-ubyte": idxFile([12], Array(12).fill(1)) })).toBe(
      "loadMnist: expected DIR/train-images-idx3-ubyte to start with 0x00000803 (bytes, 3 dimensions), got 0x00000801. Check that image and label files are not swapped and not of another format.",
    );
  });

  it("images where labels should be", () => {
    const { "train-images-idx3-ubyte": images } = mnistFiles();
    expect(refusalWith({ "train-labels-idx1-ubyte": images! })).toBe(
      "loadMnist: expected DIR/train-labels-idx1-ubyte to start with 0x00000801 (bytes, 1 dimension), got 0x00000803. Check that image and label files are not swapped and not of another format.",
    );
  });

  it("a file shorter than its header", () => {
    expect(refusalWith({ "train-images-idx3-ubyte": Buffer.from([0, 0, 8, 3, 0]) })).toBe(
      "loadMnist: expected an IDX header of 16 bytes in DIR/train-images-idx3-ubyte, got 5 bytes. The file is truncated: download it again.",
    );
  });

  it("fewer or more pixels than the dimensions say", () => {
    const short = idxFile([3, 2, 3], Array(17).fill(0));
    const expected =
      "loadMnist: expected 18 bytes after the header of DIR/train-images-idx3-ubyte (dimensions 3 × 2 × 3), got 17. The file is truncated or damaged: download it again.";
    expect(refusalWith({ "train-images-idx3-ubyte": short })).toBe(expected);
    const long = idxFile([3, 2, 3], Array(20).fill(0));
    expect(refusalWith({ "train-images-idx3-ubyte": long })).toBe(
      expected.replace("got 17", "got 20"),
    );
  });

  it("a file without images", () => {
    expect(refusalWith({ "train-images-idx3-ubyte": idxFile([0, 2, 3], []) })).toBe(
      "loadMnist: expected at least one image in DIR/train-images-idx3-ubyte, got dimensions 0 × 2 × 3. Download it again.",
    );
  });

  it("another number of labels than of images", () => {
    expect(refusalWith({ "train-labels-idx1-ubyte": idxFile([2], [1, 2]) })).toBe(
      "loadMnist: expected 3 labels in DIR/train-labels-idx1-ubyte, one per image of DIR/train-images-idx3-ubyte, got 2. Take both files from one data set.",
    );
  });

  it("a label above 9", () => {
    expect(refusalWith({ "train-labels-idx1-ubyte": idxFile([3], [1, 2, 26]) })).toBe(
      "loadMnist: expected labels from 0 to 9 in DIR/train-labels-idx1-ubyte, got 26 at position 2. Pass a data set of ten classes.",
    );
  });

  it("test images of another size", () => {
    const other = idxFile([1, 3, 2], Array(6).fill(0));
    expect(refusalWith({ "t10k-images-idx3-ubyte": other })).toBe(
      "loadMnist: expected images of 2 by 3 in DIR/t10k-images-idx3-ubyte, as in DIR/train-images-idx3-ubyte, got 3 by 2. Take all four files from one data set.",
    );
  });

  it("a damaged gzip file", () => {
    const packed = gzipSync(mnistFiles()["train-images-idx3-ubyte"]!);
    packed.fill(0xff, 12, 20);
    expect(refusalWith({ "train-images-idx3-ubyte": packed })).toMatch(
      /^loadMnist: expected a whole gzip file DIR\/train-images-idx3-ubyte, got one that does not unpack \(.+\)\. Download it again\.$/,
    );
  });
});
