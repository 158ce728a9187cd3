import { basename, join, resolve } from "node:path";
import { fail } from "@evenkeel/autodiff";
import { type Dataset, limit, type RawSplit, type SizeOptions, standardize } from "./dataset.ts";
import { listFolder, readBytes } from "./files.ts";

const where = "loadMnist";
const classes: readonly string[] = Array.from("0123456789");

interface Idx {
  readonly file: string;
  readonly dims: readonly number[];
  readonly data: Uint8Array;
}

interface Images extends RawSplit {
  readonly file: string;
  readonly height: number;
  readonly width: number;
}

/**
 * Loads a folder of MNIST's four IDX files (or of another set that keeps its names, such as
 * Fashion-MNIST).
 *
 * @param folder - Holds train-images-idx3-ubyte, train-labels-idx1-ubyte and the same with t10k;
 *   each may be gzipped.
 * @throws EvenkeelError naming the file if one is missing, truncated or does not fit the others.
 */
export function loadMnist(folder: string, options: SizeOptions = {}): Dataset {
  listFolder(where, folder, "train-images-idx3-ubyte and its three companions");
  const train = readHalf(folder, "train");
  const test = readHalf(folder, "t10k");
  const { height, width } = train;
  if (test.height !== height || test.width !== width) {
    fail({
      where,
      expected: `images of ${height} by ${width} in ${test.file}, as in ${train.file}`,
      got: `${test.height} by ${test.width}`,
      hint: "Take all four files from one data set.",
    });
  }
  const name = basename(resolve(folder));
  const raw = { name, shape: [1, height, width] as const, classes, domains: [], train, test };
  return standardize(limit(where, raw, options));
}

function readHalf(folder: string, half: "train" | "t10k"): Images {
  const images = readIdx(join(folder, `${half}-images-idx3-ubyte`), 3);
  const labels = readIdx(join(folder, `${half}-labels-idx1-ubyte`), 1);
  const [count, height, width] = images.dims as [number, number, number];
  if (labels.data.length !== count) {
    fail({
      where,
      expected: `${count} labels in ${labels.file}, one per image of ${images.file}`,
      got: String(labels.data.length),
      hint: "Take both files from one data set.",
    });
  }
  const wrong = labels.data.findIndex((label) => label >= classes.length);
  if (wrong >= 0) {
    fail({
      where,
      expected: `labels from 0 to ${classes.length - 1} in ${labels.file}`,
      got: `${labels.data[wrong]} at position ${wrong}`,
      hint: "Pass a data set of ten classes.",
    });
  }
  const { file, data: pixels } = images;
  return { file, height, width, pixels, labels: Int32Array.from(labels.data), domains: null };
}

/**
 * An IDX file is a magic number (00 00, type, rank), the dimensions as big-endian 32-bit integers
 * and the data; type 08 is unsigned bytes.
 */
function readIdx(file: string, rank: 1 | 3): Idx {
  const bytes = readBytes(where, file);
  const header = 4 + 4 * rank;
  if (bytes.length < header) {
    fail({
      where,
      expected: `an IDX header of ${header} bytes in ${file}`,
      got: `${bytes.length} bytes`,
      hint: "The file is truncated: download it again.",
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const magic = 0x0800 + rank;
  if (view.getUint32(0) !== magic) {
    fail({
      where,
      expected: `${file} to start with ${hex(magic)} (bytes, ${rank} dimension${rank > 1 ? "s" : ""})`,
      got: hex(view.getUint32(0)),
      hint: "Check that image and label files are not swapped and not of another format.",
    });
  }
  const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = dims.reduce((product, dim) => product * dim, 1);
  if (size === 0) {
    fail({
      where,
      expected: `at least one ${rank === 1 ? "label" : "image"} in ${file}`,
      got: `dimensions ${dims.join(" × ")}`,
      hint: "Download it again.",
    });
  }
  const data = bytes.subarray(header);
  if (data.length === size) return { file, dims, data };
  return fail({
    where,
    expected: `${size} bytes after the header of ${file} (dimensions ${dims.join(" × ")})`,
    got: String(data.length),
    hint: "The file is truncated or damaged: download it again.",
  });
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
