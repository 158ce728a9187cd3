import { fail, ValueError } from "@evenkeel/autodiff";

/** A complex matrix in float64, column after column: entry (i, j) is number j·rows + i. */
export interface ComplexMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** A = U·diag(values)·Vᴴ with as many values as the shorter side of A has entries. */
export interface Svd {
  /** Descending, >= 0. */
  readonly values: Float64Array;
  /** [rows, values]; orthonormal columns, but 0 where the value is 0. */
  readonly u: ComplexMatrix;
  /** [columns, values]; as u. */
  readonly v: ComplexMatrix;
}

/** Ten sweeps are many; the bound only keeps rounding from turning columns for ever. */
const maxSweeps = 40;

export function complexMatrix(rows: number, columns: number): ComplexMatrix {
  const size = rows * columns;
  return { rows, columns, re: new Float64Array(size), im: new Float64Array(size) };
}

/**
 * The singular values of a complex matrix, descending.
 *
 *     A·V = U·diag(s):  plane rotations V from the right make the columns of A orthogonal,
 *     and their lengths are the singular values (one-sided Jacobi)
 *
 * @throws ValueError for entries that are not finite.
 */
export function singularValues(a: ComplexMatrix): Float64Array {
  const tall = a.rows >= a.columns ? a : adjoint(a);
  const { matrix, scale } = scaled(tall, tall.rows);
  orthogonalize(matrix, tall.rows);
  return lengths(matrix, tall.rows)
    .map((length) => length * scale)
    .sort()
    .reverse();
}

/**
 * The thin singular value decomposition of a complex matrix; see `singularValues`.
 *
 * @throws ValueError for entries that are not finite.
 */
export function svd(a: ComplexMatrix): Svd {
  if (a.rows < a.columns) {
    const { values, u, v } = svd(adjoint(a));
    return { values, u: v, v: u };
  }
  const { rows, columns } = a;
  const { matrix, scale } = scaled(a, rows + columns);
  // An identity below A turns with it, and becomes V.
  for (let j = 0; j < columns; j++) matrix.re[j * matrix.rows + rows + j] = 1;
  orthogonalize(matrix, rows);
  const found = lengths(matrix, rows);
  const order = Array.from(found.keys()).sort((i, j) => found[j]! - found[i]!);
  const u = complexMatrix(rows, columns);
  const v = complexMatrix(columns, columns);
  order.forEach((from, to) => {
    const length = found[from]!;
    if (length === 0) return;
    copyColumn(matrix, from, 0, u, to, length);
    copyColumn(matrix, from, rows, v, to, 1);
  });
  return { values: Float64Array.from(order, (j) => found[j]! * scale), u, v };
}

/** Entries divided by the largest, so that no square overflows, in a matrix of so many rows. */
function scaled(a: ComplexMatrix, rows: number): { matrix: ComplexMatrix; scale: number } {
  let scale = 0;
  for (let i = 0; i < a.re.length; i++) {
    const size = Math.max(Math.abs(a.re[i]!), Math.abs(a.im[i]!));
    if (!Number.isFinite(size)) {
      fail({ where: "svd", expected: "finite entries", got: String(size) }, ValueError);
    }
    scale = Math.max(scale, size);
  }
  const matrix = complexMatrix(rows, a.columns);
  for (let j = 0; j < a.columns && scale > 0; j++) copyColumn(a, j, 0, matrix, j, scale);
  return { matrix, scale };
}

/** The part of a column that begins at a row, divided, as far as `to` has rows. */
function copyColumn(
  from: ComplexMatrix,
  j: number,
  start: number,
  to: ComplexMatrix,
  k: number,
  divisor: number,
): void {
  const count = Math.min(from.rows - start, to.rows);
  const [source, target] = [j * from.rows + start, k * to.rows];
  for (let i = 0; i < count; i++) {
    to.re[target + i] = from.re[source + i]! / divisor;
    to.im[target + i] = from.im[source + i]! / divisor;
  }
}

/** Aᴴ. */
function adjoint(a: ComplexMatrix): ComplexMatrix {
  const out = complexMatrix(a.columns, a.rows);
  for (let j = 0; j < a.columns; j++) {
    for (let i = 0; i < a.rows; i++) {
      out.re[i * out.rows + j] = a.re[j * a.rows + i]!;
      out.im[i * out.rows + j] = -a.im[j * a.rows + i]!;
    }
  }
  return out;
}

/** Turns pairs of columns until their first `rows` entries are orthogonal in every pair. */
function orthogonalize(a: ComplexMatrix, rows: number): void {
  // What an inner product of so many terms may have by rounding alone.
  const tolerance = rows * 2 ** -52;
  for (let sweep = 0; sweep < maxSweeps; sweep++) {
    let turned = false;
    for (let p = 0; p < a.columns; p++) {
      for (let q = p + 1; q < a.columns; q++) turned = turnPair(a, rows, p, q, tolerance) || turned;
    }
    if (!turned) return;
  }
}

/**
 * With γ = ⟨a_p, a_q⟩ and its phase taken out of column q, the real rotation
 * t = sign(ζ)/(|ζ| + √(1 + ζ²)), ζ = (‖a_q‖² − ‖a_p‖²)/(2|γ|) makes the pair orthogonal.
 */
function turnPair(
  { rows: step, re, im }: ComplexMatrix,
  rows: number,
  p: number,
  q: number,
  tolerance: number,
): boolean {
  const left = p * step;
  const right = q * step;
  let pp = 0;
  let qq = 0;
  let gammaRe = 0;
  let gammaIm = 0;
  for (let i = 0; i < rows; i++) {
    const a = re[left + i]!;
    const b = im[left + i]!;
    const c = re[right + i]!;
    const d = im[right + i]!;
    pp += a * a + b * b;
    qq += c * c + d * d;
    gammaRe += a * c + b * d;
    gammaIm += a * d - b * c;
  }
  const gamma = Math.hypot(gammaRe, gammaIm);
  // Entries are at most 1: a column below 1e-150 is 0, and its products say nothing.
  if (gamma <= tolerance * Math.sqrt(pp * qq) || Math.min(pp, qq) < 1e-300) return false;
  const zeta = (qq - pp) / (2 * gamma);
  const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const cosine = 1 / Math.hypot(1, tangent);
  const phase = { re: gammaRe / gamma, im: gammaIm / gamma };
  turn({ re, im }, left, right, step, { cosine, sine: cosine * tangent, phase });
  return true;
}

interface Rotation {
  readonly cosine: number;
  readonly sine: number;
  readonly phase: { readonly re: number; readonly im: number };
}

/** Two columns of `count` numbers, the right one without its phase, turned in their plane. */
function turn(
  { re, im }: Pick<ComplexMatrix, "re" | "im">,
  left: number,
  right: number,
  count: number,
  { cosine, sine, phase }: Rotation,
): void {
  for (let i = 0; i < count; i++) {
    const a = re[left + i]!;
    const b = im[left + i]!;
    const c = re[right + i]!;
    const d = im[right + i]!;
    const alignedRe = phase.re * c + phase.im * d;
    const alignedIm = phase.re * d - phase.im * c;
    re[left + i] = cosine * a - sine * alignedRe;
    im[left + i] = cosine * b - sine * alignedIm;
    re[right + i] = sine * a + cosine * alignedRe;
    im[right + i] = sine * b + cosine * alignedIm;
  }
}

function lengths({ rows: step, columns, re, im }: ComplexMatrix, rows: number): Float64Array {
  return Float64Array.from({ length: columns }, (_, j) => {
    let sum = 0;
    for (let i = j * step; i < j * step + rows; i++) sum += re[i]! ** 2 + im[i]! ** 2;
    return Math.sqrt(sum);
  });
}
