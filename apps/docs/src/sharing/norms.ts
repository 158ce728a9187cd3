/** The block of the picture: samples × channels × positions. */
export const size = { n: 4, c: 6, s: 5 } as const;

export interface Cell {
  readonly n: number;
  readonly c: number;
  readonly s: number;
  /** The activation; channels and samples differ in mean and spread, as they do in networks. */
  readonly value: number;
}

/** Which cells share statistics: along each axis, runs of this many; 0 joins the whole axis. */
export interface Sharing {
  readonly id: string;
  readonly name: string;
  readonly page: string;
  readonly says: string;
  readonly runs: { readonly n: number; readonly c: number; readonly s: number };
}

export const sharings: readonly Sharing[] = [
  {
    id: "batch",
    name: "Batch",
    page: "/norms/batch-norm/",
    says: "one mean and variance for each channel, over all samples and positions",
    runs: { n: 0, c: 1, s: 0 },
  },
  {
    id: "layer",
    name: "Layer",
    page: "/norms/layer-norm/",
    says: "one mean and variance for each sample, over all channels and positions",
    runs: { n: 1, c: 0, s: 0 },
  },
  {
    id: "instance",
    name: "Instance",
    page: "/norms/instance-norm/",
    says: "one mean and variance for each channel of each sample",
    runs: { n: 1, c: 1, s: 0 },
  },
  {
    id: "group",
    name: "Group",
    page: "/norms/group-norm/",
    says: "one mean and variance for each group of channels of each sample",
    runs: { n: 1, c: 3, s: 0 },
  },
  {
    id: "ghost",
    name: "Ghost batch",
    page: "/norms/ghost-batch-norm/",
    says: "one mean and variance for each channel of each chunk of the batch",
    runs: { n: 2, c: 1, s: 0 },
  },
  {
    id: "positional",
    name: "Positional",
    page: "/norms/positional-norm/",
    says: "one mean and variance for each position of each sample, over its channels",
    runs: { n: 1, c: 0, s: 1 },
  },
];

type Axis = keyof typeof size;
const axes = ["n", "c", "s"] as const;

/** Which run of an axis a place belongs to, and how many there are. */
export function runOf(
  { runs }: Sharing,
  axis: Axis,
  at: number,
): readonly [run: number, of: number] {
  const length = runs[axis] === 0 ? size[axis] : runs[axis];
  return [Math.floor(at / length), Math.ceil(size[axis] / length)];
}

/** The set of a cell, from 0; cells of one set share statistics. */
export function setOf(sharing: Sharing, cell: Cell): number {
  return axes.reduce((set, axis) => {
    const [run, of] = runOf(sharing, axis, cell[axis]);
    return set * of + run;
  }, 0);
}

export function setsOf(sharing: Sharing): number {
  return axes.reduce((product, axis) => product * runOf(sharing, axis, 0)[1], 1);
}

/** From the back to the front, as they are painted; the same values on every visit. */
export function cells(): readonly Cell[] {
  const draw = generator(7);
  const shift = Array.from({ length: size.c }, () => 2 * draw());
  const spread = Array.from({ length: size.c }, () => 0.4 + 0.8 * Math.abs(draw()));
  const tone = Array.from({ length: size.n }, () => 1.2 * draw());
  const all: Cell[] = [];
  for (let n = 0; n < size.n; n++) {
    for (let c = 0; c < size.c; c++) {
      for (let s = 0; s < size.s; s++) {
        all.push({ n, c, s, value: shift[c]! + tone[n]! + spread[c]! * draw() });
      }
    }
  }
  return all;
}

/** Nearly normal numbers, of mean 0 and variance 1. */
function generator(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return () => Array.from({ length: 12 }, uniform).reduce((sum, v) => sum + v, -6);
}

export interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly m2: number;
}

export function momentsOf(values: readonly number[]): Moments {
  const count = values.length;
  const mean = values.reduce((sum, v) => sum + v, 0) / count;
  return { count, mean, m2: values.reduce((sum, v) => sum + (v - mean) ** 2, 0) };
}

/** The map that the moments give: y = (x − center) · scale. */
export function mapOf({ count, mean, m2 }: Moments): { center: number; scale: number } {
  return { center: mean, scale: 1 / Math.sqrt(m2 / count + 1e-5) };
}
