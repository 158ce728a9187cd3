// What the kernels of a convolution are told: its sizes, kept in memory so that every thread can read them.
// Channels and filters are those of one group.

@unmanaged
export class Plan {
  samples: i32;
  groups: i32;
  channels: i32;
  filters: i32;
  height: i32;
  width: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  rows: i32;
  columns: i32;
  strideY: i32;
  strideX: i32;
  paddingY: i32;
  paddingX: i32;
  dilationY: i32;
  dilationX: i32;

  /** Numbers of a filter. */
  get taps(): i32 {
    return this.channels * this.kernelHeight * this.kernelWidth;
  }
  /** Places of a filter. */
  get positions(): i32 {
    return this.rows * this.columns;
  }
}

/** Writes the sizes of a convolution. */
export function conv2dPlan(
  plan: Plan, n: i32, g: i32, c: i32, f: i32, h: i32, w: i32, kh: i32, kw: i32, oh: i32, ow: i32,
  sy: i32, sx: i32, py: i32, px: i32, dy: i32, dx: i32,
): void {
  plan.samples = n;
  plan.groups = g;
  plan.channels = c;
  plan.filters = f;
  plan.height = h;
  plan.width = w;
  plan.kernelHeight = kh;
  plan.kernelWidth = kw;
  plan.rows = oh;
  plan.columns = ow;
  plan.strideY = sy;
  plan.strideX = sx;
  plan.paddingY = py;
  plan.paddingX = px;
  plan.dilationY = dy;
  plan.dilationX = dx;
}

/** A row of `count` numbers. */
// @ts-expect-error: decorator
@inline
export function copyLine(to: usize, from: usize, count: i32): void {
  const stop = to + (count << 2);
  for (; to + 16 <= stop; to += 16, from += 16) v128.store(to, v128.load(from));
  for (; to < stop; to += 4, from += 4) store<f32>(to, load<f32>(from));
}

/**
 * The filters with which the gradient of a stride of 1 is itself a convolution, of g: those of a group
 * exchanged with its channels, and each turned by half a turn. to[g, c, f, ky, kx] = w[g, f, c, −ky, −kx].
 */
export function conv2dTurn(to: usize, w: usize, groups: i32, filters: i32, channels: i32, area: i32): void {
  for (let g = 0; g < groups; g++, w += (filters * channels * area) << 2) {
    for (let c = 0; c < channels; c++) {
      for (let f = 0; f < filters; f++) {
        const from = w + (((f * channels + c) * area) << 2);
        for (let k = area - 1; k >= 0; k--, to += 4) store<f32>(to, load<f32>(from + (k << 2)));
      }
    }
  }
}

/** out = Σ of `count` arrays of n numbers that lie one after the other, in their order. */
export function addParts(out: usize, parts: usize, count: i32, n: i32): void {
  memory.copy(out, parts, n << 2);
  for (let i = 1; i < count; i++) {
    const from = parts + ((i * n) << 2);
    let j = 0;
    for (; j + 4 <= n; j += 4) {
      const o = out + (j << 2);
      v128.store(o, f32x4.add(v128.load(o), v128.load(from + (j << 2))));
    }
    for (; j < n; j++) {
      const o = out + (j << 2);
      store<f32>(o, load<f32>(o) + load<f32>(from + (j << 2)));
    }
  }
}

/** The largest of n numbers that are not negative; NaN where there is one. */
export function largest(x: usize, n: i32): f32 {
  let most: f32 = 0;
  for (let i = 0; i < n; i++) most = max(most, load<f32>(x + (i << 2)));
  return most;
}
