import { basename, dirname, join, resolve } from "node:path";
import { fail } from "@evenkeel/autodiff";
import {
  type Dataset,
  type DomainSizeOptions,
  limit,
  pick,
  type RawSplit,
  type SizeOptions,
  sample,
  standardize,
} from "./dataset.ts";
import { listFolder, packedOrPlain, readBytes, readNames } from "./files.ts";
import { holdOut } from "./holdout.ts";

const shape = [3, 32, 32] as const;
const imageBytes = 3 * 32 * 32;

const cifar10Names: readonly string[] = [
  ...["airplane", "automobile", "bird", "cat", "deer"],
  ...["dog", "frog", "horse", "ship", "truck"],
];

/** The two label bytes of a CIFAR-100 record, with the number of labels in the official files. */
const labelBytes = {
  coarse: { offset: 0, count: 20, names: "coarse_label_names.txt" },
  fine: { offset: 1, count: 100, names: "fine_label_names.txt" },
} as const;

type LabelByte = keyof typeof labelBytes;

export interface Cifar100Options extends DomainSizeOptions {
  /** Which label byte is the class; default "fine". */
  readonly label?: LabelByte | undefined;
  /** Which label byte is the domain; default null, none. */
  readonly domain?: LabelByte | null | undefined;
}

/** A file cut into records of `head` label bytes and one image. */
interface Records {
  readonly where: string;
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly head: number;
  readonly count: number;
}

/** What a label byte may say, and what to do if it says something else. */
interface Field {
  readonly offset: number;
  readonly limit: number;
  readonly hint: string;
}

/**
 * Loads a folder in CIFAR-10's binary format.
 *
 * @param folder - Holds data_batch_1.bin (and 2, 3, …), test_batch.bin and, if its classes have other
 *   names than CIFAR-10's, batches.meta.txt; each may be gzipped.
 * @throws EvenkeelError naming the file if one is missing, truncated or of another format.
 */
export function loadCifar10(folder: string, options: SizeOptions = {}): Dataset {
  const where = "loadCifar10";
  const classes = readNames(where, join(folder, "batches.meta.txt")) ?? cifar10Names;
  const field: Field = {
    offset: 0,
    limit: classes.length,
    hint: "Pass a CIFAR-100 file as cifar100:FILE; other classes need names in batches.meta.txt.",
  };
  const load = (names: readonly string[]): RawSplit => {
    const files = names.map((name) => readRecords(where, join(folder, name), 1));
    const labels = Int32Array.from(files.flatMap((file) => [...readField(file, field)]));
    return { pixels: readPixels(files), labels, domains: null };
  };
  const train = load(trainingBatches(where, folder));
  const test = load(["test_batch.bin"]);
  const name = basename(resolve(folder));
  const raw = { name, shape, classes, domains: [], train, test };
  return standardize(limit(where, raw, options));
}

function trainingBatches(where: string, folder: string): string[] {
  const found = listFolder(where, folder, "data_batch_1.bin and test_batch.bin");
  const numbers = found.flatMap((name) => {
    const number = /^data_batch_(\d+)\.bin(?:\.gz)?$/.exec(name)?.[1];
    return number === undefined ? [] : [number];
  });
  if (numbers.length > 0) {
    const order = [...new Set(numbers)].sort((a, b) => Number(a) - Number(b));
    return order.map((number) => `data_batch_${number}.bin`);
  }
  return fail({
    where,
    expected: `at least data_batch_1.bin (or data_batch_1.bin.gz) in ${folder}`,
    got: found.length > 0 ? `only ${summary(found)}` : "an empty folder",
    hint: "Pass the folder of CIFAR-10's binary version.",
  });
}

function summary(names: string[]): string {
  const shown = names.sort().slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

/**
 * Loads a file in CIFAR-100's binary format. A train.bin with a test.bin beside it keeps that
 * division; any other file is divided 80 to 20, always in the same way.
 *
 * @param path - Its records start with a coarse and a fine label; fine_label_names.txt and
 *   coarse_label_names.txt beside it name them. May be gzipped.
 * @throws EvenkeelError naming the file if it is missing, truncated or of another format.
 */
export function loadCifar100(path: string, options: Cifar100Options = {}): Dataset {
  const where = "loadCifar100";
  const { label = "fine", domain = null } = options;
  if (label === domain) {
    fail({
      where,
      expected: "another byte for the domain than for the label",
      got: `"${label}" for both`,
      hint: `Pass domain: "${label === "fine" ? "coarse" : "fine"}" or null.`,
    });
  }
  const halves = divide(where, path);
  const names = (byte: LabelByte): readonly string[] => fieldNames(halves, byte);
  const classes = names(label);
  const domains = domain === null ? [] : names(domain);
  const load = ({ records, keep }: Half): RawSplit => {
    const all: RawSplit = {
      pixels: readPixels([records]),
      labels: readField(records, cifar100Field(label, classes.length)),
      domains: domain && readField(records, cifar100Field(domain, domains.length)),
    };
    return keep ? pick(all, keep) : all;
  };
  const stem = basename(path).replace(/(\.bin)?(\.gz)?$/, "");
  const name = stem === "train" ? basename(dirname(resolve(path))) : stem;
  const raw = { name, shape, classes, domains, train: load(halves.train), test: load(halves.test) };
  return standardize(limit(where, holdOut(where, raw, options.holdoutDomain), options));
}

interface Half {
  readonly records: Records;
  readonly keep?: (index: number) => boolean;
}

function divide(where: string, path: string): { train: Half; test: Half } {
  const records = readRecords(where, path, 2);
  const testFile = packedOrPlain(join(dirname(path), "test.bin"));
  if (/^train\.bin(\.gz)?$/.test(basename(path)) && testFile) {
    return { train: { records }, test: { records: readRecords(where, testFile, 2) } };
  }
  if (records.count < 2) {
    fail({
      where,
      expected: `at least 2 images in ${records.file}, to divide into training and test images`,
      got: "1",
      hint: "Pass a larger file.",
    });
  }
  const inTest = sample(records.count, Math.max(1, Math.round(records.count / 5)), 1);
  return { train: { records, keep: (i) => !inTest(i) }, test: { records, keep: inTest } };
}

function cifar100Field(byte: LabelByte, limit: number): Field {
  const { offset, names } = labelBytes[byte];
  const hint = `Check that the file is in CIFAR-100's format and that ${names} beside it is complete.`;
  return { offset, limit, hint };
}

/** The names beside the file, or else as many numbers as the file uses. */
function fieldNames(halves: { train: Half; test: Half }, byte: LabelByte): readonly string[] {
  const { where, file } = halves.train.records;
  const { count, names } = labelBytes[byte];
  const found = readNames(where, join(dirname(file), names));
  if (found) return found;
  let highest = 0;
  for (const { records } of [halves.train, halves.test]) {
    for (const label of readField(records, cifar100Field(byte, count))) {
      highest = Math.max(highest, label);
    }
  }
  return Array.from({ length: highest + 1 }, (_, index) => `${byte} ${index}`);
}

function readRecords(where: string, file: string, head: number): Records {
  const bytes = readBytes(where, file);
  const size = head + imageBytes;
  const over = bytes.length % size;
  if (over === 0) return { where, file, bytes, head, count: bytes.length / size };
  const other = head === 1 ? "cifar100:FILE" : "cifar10:DIR";
  const isOther = bytes.length % (imageBytes + 3 - head) === 0;
  return fail({
    where,
    expected: `whole records of ${size} bytes in ${file}`,
    got: `${bytes.length} bytes, ${Math.floor(bytes.length / size)} records and ${over} bytes over`,
    hint: isOther
      ? `Its length fits the other CIFAR format: pass ${other}.`
      : "The file is truncated or of another format: download it again.",
  });
}

function readPixels(files: readonly Records[]): Uint8Array {
  const count = files.reduce((sum, file) => sum + file.count, 0);
  const pixels = new Uint8Array(count * imageBytes);
  let to = 0;
  for (const { bytes, head } of files) {
    for (let from = head; from < bytes.length; from += head + imageBytes) {
      pixels.set(bytes.subarray(from, from + imageBytes), to);
      to += imageBytes;
    }
  }
  return pixels;
}

function readField({ where, file, bytes, head, count }: Records, field: Field): Int32Array {
  return Int32Array.from({ length: count }, (_, record) => {
    const label = bytes[record * (head + imageBytes) + field.offset]!;
    if (label < field.limit) return label;
    return fail({
      where,
      expected: `labels from 0 to ${field.limit - 1} in ${file}`,
      got: `${label} in record ${record}`,
      hint: field.hint,
    });
  });
}
