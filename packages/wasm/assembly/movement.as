// Arrays copied with other steps: transposed, cut, padded, joined, repeated. Sizes and steps are in elements.

/** Runs below this many bytes are copied in a loop: a call would take longer. */
const SHORT: usize = 64;

// @ts-expect-error: decorator
@inline
function copyRun<T>(out: usize, x: usize, n: i32): void {
  const bytes = <usize>n * sizeof<T>();
  if (bytes >= SHORT) {
    memory.copy(out, x, bytes);
    return;
  }
  for (let i: usize = 0; i < bytes; i += sizeof<T>()) store<T>(out + i, load<T>(x + i));
}

// @ts-expect-error: decorator
@inline
function repeat<T>(out: usize, x: usize, n: i32): void {
  const value = load<T>(x);
  const stop = out + <usize>n * sizeof<T>();
  if (sizeof<T>() === 4) {
    const v = v128.load32_splat(x);
    for (; out + 16 <= stop; out += 16) v128.store(out, v);
  }
  for (; out < stop; out += sizeof<T>()) store<T>(out, value);
}

/** Four rows of four float32, `step` bytes apart, to four columns. */
// @ts-expect-error: decorator
@inline
function square4(out: usize, x: usize, outStep: i32, step: i32): void {
  const a = v128.load(x);
  const b = v128.load(x + step);
  const c = v128.load(x + 2 * step);
  const d = v128.load(x + 3 * step);
  const ab = i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const cd = i8x16.shuffle(c, d, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const ba = i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  const dc = i8x16.shuffle(c, d, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  v128.store(out, i8x16.shuffle(ab, cd, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(out + outStep, i8x16.shuffle(ab, cd, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
  v128.store(out + 2 * outStep, i8x16.shuffle(ba, dc, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(out + 3 * outStep, i8x16.shuffle(ba, dc, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
}

/** out[i, j] = x[j, i], in bands of 16 columns: a band writes whole cache lines. */
// @ts-expect-error: decorator
@inline
function transpose<T>(out: usize, x: usize, rows: i32, columns: i32, outStep: i32, step: i32): void {
  for (let from = 0; from < columns; from += 16) {
    const to = min(from + 16, columns);
    let i = 0;
    if (sizeof<T>() === 4) {
      for (; i + 4 <= rows; i += 4) {
        let j = from;
        for (; j + 4 <= to; j += 4) square4(out + i * outStep + (j << 2), x + j * step + (i << 2), outStep, step);
        for (; j < to; j++) {
          for (let k = i; k < i + 4; k++) store<f32>(out + k * outStep + (j << 2), load<f32>(x + j * step + (k << 2)));
        }
      }
    }
    for (; i < rows; i++) {
      for (let j = from; j < to; j++) {
        store<T>(out + i * outStep + <usize>j * sizeof<T>(), load<T>(x + j * step + <usize>i * sizeof<T>()));
      }
    }
  }
}

/** Steps of the last axis are (1, 1), (1, 0), or any; if x's is 1 along the last but one, that is a transposition. */
// @ts-expect-error: decorator
@inline
function move<T>(
  out: usize, x: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  o0: i32, o1: i32, o2: i32, o3: i32, x0: i32, x1: i32, x2: i32, x3: i32,
): void {
  const outStep = <usize>o2 * sizeof<T>();
  const step = <usize>x2 * sizeof<T>();
  for (let i = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      let to = out + <usize>(i * o0 + j * o1) * sizeof<T>();
      let from = x + <usize>(i * x0 + j * x1) * sizeof<T>();
      if (o3 === 1 && x2 === 1 && x3 > 1) {
        transpose<T>(to, from, n2, n3, <i32>outStep, x3 * <i32>sizeof<T>());
        continue;
      }
      for (let k = 0; k < n2; k++, to += outStep, from += step) {
        if (o3 === 1 && x3 === 1) copyRun<T>(to, from, n3);
        else if (o3 === 1 && x3 === 0) repeat<T>(to, from, n3);
        else {
          for (let l = 0; l < n3; l++) {
            store<T>(to + <usize>(l * o3) * sizeof<T>(), load<T>(from + <usize>(l * x3) * sizeof<T>()));
          }
        }
      }
    }
  }
}

export function move32(
  out: usize, x: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  o0: i32, o1: i32, o2: i32, o3: i32, x0: i32, x1: i32, x2: i32, x3: i32,
): void {
  move<f32>(out, x, n0, n1, n2, n3, o0, o1, o2, o3, x0, x1, x2, x3);
}
export function move64(
  out: usize, x: usize, n0: i32, n1: i32, n2: i32, n3: i32,
  o0: i32, o1: i32, o2: i32, o3: i32, x0: i32, x1: i32, x2: i32, x3: i32,
): void {
  move<f64>(out, x, n0, n1, n2, n3, o0, o1, o2, o3, x0, x1, x2, x3);
}

// @ts-expect-error: decorator
@inline
function indexAt(ids: usize, k: i32, wide: i32): usize {
  return wide ? <usize>load<f64>(ids + (k << 3)) : <usize>load<f32>(ids + (k << 2));
}

/** Slices of so many bytes at `count` indices of an axis of n, for each of `outer`; indices of either dtype. */
export function gather(
  out: usize, x: usize, ids: usize, outer: i32, n: i32, count: i32, bytes: usize, wide: i32,
): void {
  for (let o = 0; o < outer; o++, x += <usize>n * bytes) {
    for (let k = 0; k < count; k++, out += bytes) {
      copyRun<f32>(out, x + indexAt(ids, k, wide) * bytes, <i32>(bytes >> 2));
    }
  }
}

// @ts-expect-error: decorator
@inline
function scatter<T>(
  out: usize, x: usize, ids: usize, outer: i32, n: i32, count: i32, bytes: usize, wide: i32,
): void {
  memory.fill(out, 0, <usize>outer * <usize>n * bytes);
  for (let o = 0; o < outer; o++, out += <usize>n * bytes) {
    for (let k = 0; k < count; k++) {
      let to = out + indexAt(ids, k, wide) * bytes;
      const stop = x + bytes;
      if (sizeof<T>() === 4) {
        for (; x + 16 <= stop; x += 16, to += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(x)));
      }
      for (; x < stop; x += sizeof<T>(), to += sizeof<T>()) store<T>(to, load<T>(to) + load<T>(x));
    }
  }
}

/** The slices of x added to zeros at their indices. */
export function scatterAdd(
  out: usize, x: usize, ids: usize, outer: i32, n: i32, count: i32, bytes: usize, wide: i32,
): void {
  scatter<f32>(out, x, ids, outer, n, count, bytes, wide);
}
export function scatterAdd64(
  out: usize, x: usize, ids: usize, outer: i32, n: i32, count: i32, bytes: usize, wide: i32,
): void {
  scatter<f64>(out, x, ids, outer, n, count, bytes, wide);
}
