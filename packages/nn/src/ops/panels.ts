// A matrix product for convolutions. Both factors are first copied into panels of four rows (or
// columns), interleaved: [row / 4][k][row % 4]. The inner loop then walks two arrays once, in order,
// with sixteen running sums, and reads float64, which JavaScript need not convert.

/** Elements of any tensor. */
export type Elements = Float32Array | Float64Array;

const buffers: Float64Array[] = [];

/** A work array of at least `size` numbers, used again by the next call for the same slot. */
export function scratch(slot: number, size: number): Float64Array {
  const before = buffers[slot];
  if (before && before.length >= size) return before;
  const made = new Float64Array(size);
  buffers[slot] = made;
  return made;
}

export function ceil4(n: number): number {
  return (n + 3) & ~3;
}

/** Where a matrix lies in an array: rows of `columns` neighbours, `step` apart. */
export interface Matrix {
  readonly data: Elements;
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly step: number;
}

/** Panels of four rows: to[row / 4][column][row % 4]. */
export function packRows(m: Matrix, to: Float64Array, at: number): void {
  const { data, offset, rows, columns, step } = m;
  for (let r = 0; r < rows; r++) {
    let o = at + (r >> 2) * 4 * columns + (r & 3);
    const from = offset + r * step;
    for (let c = 0; c < columns; c++, o += 4) to[o] = data[from + c]!;
  }
}

/** Panels of four columns: to[column / 4][row][column % 4]. */
export function packColumns(m: Matrix, to: Float64Array, at: number): void {
  const { data, offset, rows, columns, step } = m;
  for (let r = 0; r < rows; r++) {
    const from = offset + r * step;
    for (let c = 0; c < columns; c++) {
      to[at + (c >> 2) * 4 * rows + 4 * r + (c & 3)] = data[from + c]!;
    }
  }
}

/** Sixteen dot products of length k: the four rows of a panel of a with the four columns of one of b. */
function block(
  a: Float64Array,
  pa: number,
  b: Float64Array,
  pb: number,
  k: number,
  out: Float64Array,
): void {
  let [c00, c01, c02, c03] = [0, 0, 0, 0];
  let [c10, c11, c12, c13] = [0, 0, 0, 0];
  let [c20, c21, c22, c23] = [0, 0, 0, 0];
  let [c30, c31, c32, c33] = [0, 0, 0, 0];
  // biome-ignore format: the tile as it lies
  for (let l = 0; l < k; l++, pa += 4, pb += 4) {
    const b0 = b[pb]!, b1 = b[pb + 1]!, b2 = b[pb + 2]!, b3 = b[pb + 3]!;
    const a0 = a[pa]!, a1 = a[pa + 1]!, a2 = a[pa + 2]!, a3 = a[pa + 3]!;
    c00 += a0 * b0; c01 += a0 * b1; c02 += a0 * b2; c03 += a0 * b3;
    c10 += a1 * b0; c11 += a1 * b1; c12 += a1 * b2; c13 += a1 * b3;
    c20 += a2 * b0; c21 += a2 * b1; c22 += a2 * b2; c23 += a2 * b3;
    c30 += a3 * b0; c31 += a3 * b1; c32 += a3 * b2; c33 += a3 * b3;
  }
  out[0] = c00;
  out[1] = c01;
  out[2] = c02;
  out[3] = c03;
  out[4] = c10;
  out[5] = c11;
  out[6] = c12;
  out[7] = c13;
  out[8] = c20;
  out[9] = c21;
  out[10] = c22;
  out[11] = c23;
  out[12] = c30;
  out[13] = c31;
  out[14] = c32;
  out[15] = c33;
}

const tile = new Float64Array(16);

/** out (+)= a · b from a's row panels at `pa` and b's column panels at 0; the inner length is k. */
export function multiplyPanels(
  a: Float64Array,
  pa: number,
  b: Float64Array,
  k: number,
  out: Matrix,
  add: boolean,
): void {
  const { data, offset, rows, columns, step } = out;
  for (let j = 0; j < columns; j += 4) {
    const wide = Math.min(4, columns - j);
    for (let i = 0; i < rows; i += 4) {
      block(a, pa + i * k, b, j * k, k, tile);
      const high = Math.min(4, rows - i);
      for (let r = 0; r < high; r++) {
        const to = offset + (i + r) * step + j;
        for (let c = 0; c < wide; c++) {
          const value = tile[r * 4 + c]!;
          data[to + c] = add ? data[to + c]! + value : value;
        }
      }
    }
  }
}
