import { type Cell, runOf, type Sharing, size } from "./norms.ts";

/** Edge of a cell, in units of the picture. */
const unit = 24;
const gap = 0.6 * unit;
const slant = Math.cos(Math.PI / 6);

type Point = readonly [x: number, y: number];

/** Channels go right, samples left and to the front, positions up. */
function project(n: number, c: number, s: number): Point {
  return [(c - n) * slant, (c + n) / 2 - s];
}

/** Where a cell stands in the closed block, its center the origin of the picture. */
function origin({ n, c, s }: Cell): Point {
  return project((n - size.n / 2) * unit, (c - size.c / 2) * unit, (s - size.s / 2) * unit);
}

/** How far a cell moves when the block opens between the sets. */
export function offset(sharing: Sharing, cell: Cell): Point {
  const along = (axis: "n" | "c" | "s"): number => {
    const [run, of] = runOf(sharing, axis, cell[axis]);
    return gap * (run - (of - 1) / 2);
  };
  return project(along("n"), along("c"), along("s"));
}

export interface Faces {
  readonly top: string;
  readonly left: string;
  readonly right: string;
}

/** The three visible faces of a cell, as `points` of polygons. */
export function faces(cell: Cell): Faces {
  const [x, y] = origin(cell);
  const u = unit - 1.2;
  const at = (n: number, c: number, s: number): string => {
    const [dx, dy] = project(n * u, c * u, s * u);
    return `${(x + dx).toFixed(1)},${(y + dy).toFixed(1)}`;
  };
  return {
    top: [at(0, 0, 1), at(0, 1, 1), at(1, 1, 1), at(1, 0, 1)].join(" "),
    left: [at(1, 0, 0), at(1, 1, 0), at(1, 1, 1), at(1, 0, 1)].join(" "),
    right: [at(0, 1, 0), at(1, 1, 0), at(1, 1, 1), at(0, 1, 1)].join(" "),
  };
}

/** Room for the block however it opens, and for the names of its axes. */
export const view = { x: -176, y: -166, width: 352, height: 334 } as const;
