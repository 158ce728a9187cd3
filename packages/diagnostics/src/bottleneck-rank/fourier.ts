/** The discrete Fourier transform of planes of height·width real numbers, one after the other. */
export interface Transformed {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/**
 * The two-dimensional transform of each plane, not scaled, by rows and then by columns.
 *
 *     X(u, v) = Σ over a, b of x(a, b)·exp(−2πi·(u·a/height + v·b/width))
 */
export function transformPlanes(x: Float64Array, height: number, width: number): Transformed {
  const { re, im } = { re: x.slice(), im: new Float64Array(x.length) };
  for (let start = 0; start < x.length; start += width) along(re, im, start, 1, width);
  for (let plane = 0; plane < x.length; plane += height * width) {
    for (let b = 0; b < width; b++) along(re, im, plane + b, width, height);
  }
  return { re, im };
}

/** One line of n numbers, `step` apart, in place. */
function along(re: Float64Array, im: Float64Array, start: number, step: number, n: number): void {
  const { cosines, sines } = turns(n);
  const re0 = new Float64Array(n);
  const im0 = new Float64Array(n);
  for (let a = 0; a < n; a++) {
    re0[a] = re[start + a * step]!;
    im0[a] = im[start + a * step]!;
  }
  for (let u = 0; u < n; u++) {
    let sumRe = 0;
    let sumIm = 0;
    for (let a = 0, k = 0; a < n; a++, k = (k + u) % n) {
      const c = cosines[k]!;
      const s = sines[k]!;
      sumRe += re0[a]! * c + im0[a]! * s;
      sumIm += im0[a]! * c - re0[a]! * s;
    }
    re[start + u * step] = sumRe;
    im[start + u * step] = sumIm;
  }
}

interface Turns {
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
}
const tables = new Map<number, Turns>();

/** cos and sin of 2πk/n. */
function turns(n: number): Turns {
  const known = tables.get(n);
  if (known) return known;
  const of = (f: (angle: number) => number): Float64Array =>
    Float64Array.from({ length: n }, (_, k) => f((2 * Math.PI * k) / n));
  const made = { cosines: of(Math.cos), sines: of(Math.sin) };
  tables.set(n, made);
  return made;
}
