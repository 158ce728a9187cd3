import { cases as norms } from "@evenkeel/lab/norms";
import type { BenchCase } from "../src/case.ts";
import { labCase, resnetCase } from "../src/networks/networks.ts";
import { convolutionCase } from "../src/suites/nn.ts";
import { normSuite, shapes } from "../src/suites/norm.ts";
import { overheadSuite } from "../src/suites/overhead.ts";

/** A case that the page offers; its numbers are drawn when it is run. */
export interface PageCase {
  readonly suite: string;
  /** Of the case. */
  readonly name: string;
  /** What a weak GPU may take seconds for; not chosen at first. */
  readonly heavy?: boolean;
  make(): BenchCase;
}

const images = shapes[0]!;
const rows = shapes[3]!;

/** The cases of the command that say most about a GPU. */
export const pageCases: readonly PageCase[] = [
  ...shapes.map((shape) => normCase("batchNorm", shape)),
  normCase("groupNorm", images),
  normCase("layerNorm", rows),
  convolution([1, 64, 16, 16]),
  { ...convolution(images), heavy: true },
  { suite: "train", name: "the lab's network, batch 32", make: () => labCase(32) },
  { suite: "train", name: "ResNet-20, batch 1", heavy: true, make: () => resnetCase(1) },
  { suite: "train", name: "ResNet-20, batch 32", heavy: true, make: () => resnetCase(32) },
  { suite: "overhead", name: "add and its gradients, 32 numbers", make: smallest },
];

/** Engines that lack a case are left out by themselves: here all are asked. */
function normCase(id: string, shape: readonly number[]): PageCase {
  const make = (): BenchCase => {
    const [[own]] = normSuite({ [id]: norms[id]! }, [shape]).races as [[BenchCase]];
    const { engines: _, ...open } = own as BenchCase & { readonly engines?: readonly string[] };
    return open;
  };
  return { suite: "norm", name: `${id} ${shape.join("x")}`, make };
}

function convolution(shape: readonly number[]): PageCase {
  const name = `conv2d 3x3 64 to 64, ${shape.join("x")}`;
  return { suite: "nn", name, make: () => convolutionCase(shape) };
}

/** One step at a time: what a launch and a read cost when there is nothing to compute. */
function smallest(): BenchCase {
  return { ...overheadSuite().races[0]![0]!, repeat: 1 };
}
