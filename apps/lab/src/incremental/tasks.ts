import { type Tensor, tensor } from "@evenkeel/autodiff";
import type { Dataset, Split } from "../data/dataset.ts";

/** Some images with their labels. */
export interface Samples {
  readonly pixels: Float32Array;
  readonly labels: readonly number[];
}

/** Two classes and their images, to be learned at a time. */
export interface Task {
  readonly train: Samples;
  readonly test: Samples;
}

const CLASSES = 2;

/**
 * Cuts a data set into tasks of two classes, in the order of the classes.
 *
 * @param options.styles - Give each task a contrast and a brightness of its own, besides.
 */
export function tasksOf(data: Dataset, { styles }: { readonly styles: boolean }): readonly Task[] {
  const count = Math.floor(data.classes.length / CLASSES);
  return Array.from({ length: count }, (_, t) => {
    const own = (split: Split): Samples => {
      const isOwn = (i: number): boolean =>
        Math.floor(split.labels[i]! / CLASSES) === t && (split.domains?.[i] ?? 0) === 0;
      const rows = [...split.labels.keys()].filter(isOwn);
      const all = { pixels: split.images, labels: [...split.labels] };
      const samples = rowsOf(all, rows);
      return styles ? { ...samples, pixels: samples.pixels.map(styleOf(t)) } : samples;
    };
    return { train: own(data.train), test: own(data.test) };
  });
}

/** Contrast from 0.64 to 1.36 and brightness from −0.48 to 0.48, another pair for each of five tasks. */
function styleOf(task: number): (v: number) => number {
  const contrast = 1 + 0.36 * ((task % 3) - 1);
  const brightness = 0.24 * (((7 * task) % 5) - 2);
  return (v) => contrast * v + brightness;
}

/** Some of the samples, repeats allowed. */
export function rowsOf({ pixels, labels }: Samples, rows: readonly number[]): Samples {
  const size = pixels.length / labels.length;
  const picked = new Float32Array(rows.length * size);
  rows.forEach((from, to) => {
    picked.set(pixels.subarray(from * size, (from + 1) * size), to * size);
  });
  return { pixels: picked, labels: rows.map((i) => labels[i]!) };
}

/** All samples of a list, one after the other. */
export function joined(list: readonly Samples[]): Samples {
  const pixels = new Float32Array(list.reduce((size, part) => size + part.pixels.length, 0));
  let at = 0;
  for (const part of list) {
    pixels.set(part.pixels, at);
    at += part.pixels.length;
  }
  return { pixels, labels: list.flatMap((part) => part.labels) };
}

/** The images as [samples, 1, side, side]. */
export function imagesOf({ pixels, labels }: Samples): Tensor {
  const side = Math.sqrt(pixels.length / labels.length);
  return tensor(pixels, { shape: [labels.length, 1, side, side] });
}
