import { joinAxes, type Tensor } from "@evenkeel/autodiff";
import { at, float32, type Kernel, parts, type Scratch, type Threads } from "./kernel.ts";
import type { Exports } from "./module.ts";
import { eachOuter } from "./rows.ts";

/** One product of matrices: addresses, and sizes [m, k] · [k, n]. */
interface Product {
  readonly out: number;
  readonly a: number;
  readonly b: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** Fewer rows than this would leave most of a tile empty. */
const THIN = 3;
/** Multiply-adds that are worth another thread. */
const LARGE = 2 ** 21;

export function matmulKernels(
  wasm: Exports,
  scratch: Scratch,
  threads: Threads,
): [string, Kernel][] {
  const matmul: Kernel = (out, [a, b]) => {
    if (!float32(out)) return false;
    return out.size === 0 || multiply(wasm, scratch, threads, productsOf(out, a!, b!));
  };
  return [["matmul", matmul]];
}

/** One matrix on the right serves all rows; otherwise every batch has a pair of its own. */
function productsOf(out: Tensor, a: Tensor, b: Tensor): Product[] {
  const [m, n] = out.shape.slice(-2) as [number, number];
  const k = a.shape.at(-1)!;
  const rows = out.size / n;
  const whole = { out: at(out), a: at(a), b: at(b), m: rows, k, n };
  if (b.size === k * n && a.size === rows * k) return [whole];
  const batch = [a, b].map((t) => t.shape.slice(0, -2));
  const { shape: sizes, strides: steps } = joinAxes(out.shape.slice(0, -2), batch);
  const products: Product[] = [];
  eachOuter({ sizes, steps }, (i, j) => {
    const to = whole.out + 4 * products.length * m * n;
    products.push({ out: to, a: whole.a + 4 * i! * m * k, b: whole.b + 4 * j! * k * n, m, k, n });
  });
  return products;
}

/** Products of equal sizes. */
function multiply(
  wasm: Exports,
  scratch: Scratch,
  threads: Threads,
  products: readonly Product[],
): boolean {
  const { m, k, n } = products[0]!;
  if (k === 0) {
    for (const { out } of products) wasm.clear(out, 4 * m * n);
    return true;
  }
  const large = threads.most > 1 && products.length * m * k * n >= LARGE;
  const tiles = large ? products.flatMap(tilesOf) : products;
  if (n === 1) {
    threads.split(
      "matrixVector",
      tiles.map((p) => [p.out, p.a, p.b, p.m, k]),
    );
    return true;
  }
  const calls = tiles.map((p) => [p.out, p.a, p.b, p.m, k, p.n, n]);
  if (m < THIN) {
    threads.split("fewRows", calls);
    return true;
  }
  const bytes = Math.max(...tiles.map((p) => wasm.matmulScratch(p.m, k, p.n)));
  const room = scratch(bytes * threads.most);
  if (room === undefined) return false;
  threads.split("matmul", calls, { at: room, bytes });
  return true;
}

/**
 * Parts of a product: a hundred rows or so by a few hundred columns, so that there are enough of them, and
 * each is work enough for what it copies. Whole tiles of four rows and eight columns.
 */
function tilesOf({ out, a, b, m, k, n }: Product): Product[] {
  const rows = Math.max(between(32, m / 8, 128), ceil4(m / 64));
  const columns = Math.max(256, 2 * ceil4(n / 128));
  return parts(m, rows).flatMap(([i, iEnd]) =>
    parts(n, columns).map(([j, jEnd]) => ({
      out: out + 4 * (i * n + j),
      a: a + 4 * i * k,
      b: b + 4 * j,
      m: iEnd - i,
      k,
      n: jEnd - j,
    })),
  );
}

function between(low: number, x: number, high: number): number {
  return Math.max(low, Math.min(ceil4(x), high));
}
function ceil4(x: number): number {
  return 4 * Math.ceil(x / 4);
}
