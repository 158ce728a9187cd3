// The steps of optimizers, one pass each: float32 in memory, float64 in between, so that small decays count.

import { high, low } from "./simd";

// @ts-expect-error: decorator
@inline
function store4(out: usize, low: v128, high: v128): void {
  const a = f32x4.demote_f64x2_zero(low);
  const b = f32x4.demote_f64x2_zero(high);
  v128.store(out, i32x4.shuffle(a, b, 0, 1, 4, 5));
}

// @ts-expect-error: decorator
@inline
function combined(x: v128, y: v128, a: v128, b: v128): v128 {
  return f64x2.add(f64x2.mul(a, x), f64x2.mul(b, y));
}

/** a·x + b·y. */
export function combine(out: usize, x: usize, y: usize, n: i32, a: f64, b: f64): void {
  const end = out + ((n & ~3) << 2);
  const stop = out + (n << 2);
  const va = f64x2.splat(a);
  const vb = f64x2.splat(b);
  while (out < end) {
    const vx = v128.load(x);
    const vy = v128.load(y);
    store4(out, combined(low(vx), low(vy), va, vb), combined(high(vx), high(vy), va, vb));
    out += 16;
    x += 16;
    y += 16;
  }
  while (out < stop) {
    store<f32>(out, <f32>(a * <f64>load<f32>(x) + b * <f64>load<f32>(y)));
    out += 4;
    x += 4;
    y += 4;
  }
}

// @ts-expect-error: decorator
@inline
function moment(v: v128, g: v128, b: v128, rest: v128): v128 {
  return f64x2.add(f64x2.mul(b, v), f64x2.mul(f64x2.mul(rest, g), g));
}

/** b·v + (1 − b)·g². */
export function secondMoment(out: usize, v: usize, g: usize, n: i32, b: f64): void {
  const end = out + ((n & ~3) << 2);
  const stop = out + (n << 2);
  const vb = f64x2.splat(b);
  const rest = f64x2.splat(1 - b);
  while (out < end) {
    const vv = v128.load(v);
    const vg = v128.load(g);
    store4(out, moment(low(vv), low(vg), vb, rest), moment(high(vv), high(vg), vb, rest));
    out += 16;
    v += 16;
    g += 16;
  }
  while (out < stop) {
    const one = <f64>load<f32>(g);
    store<f32>(out, <f32>(b * <f64>load<f32>(v) + (1 - b) * one * one));
    out += 4;
    v += 4;
    g += 4;
  }
}

// @ts-expect-error: decorator
@inline
function stepped(p: v128, m: v128, v: v128, kept: v128, size: v128, correction: v128, eps: v128): v128 {
  const root = f64x2.add(f64x2.div(f64x2.sqrt(v), correction), eps);
  return f64x2.sub(f64x2.mul(kept, p), f64x2.div(f64x2.mul(size, m), root));
}

/** kept·p − size · m / (√v / correction + eps). */
export function adamStep(
  out: usize, p: usize, m: usize, v: usize, n: i32, kept: f64, size: f64, correction: f64, eps: f64,
): void {
  const end = out + ((n & ~3) << 2);
  const stop = out + (n << 2);
  const vk = f64x2.splat(kept);
  const vs = f64x2.splat(size);
  const vc = f64x2.splat(correction);
  const ve = f64x2.splat(eps);
  while (out < end) {
    const vp = v128.load(p);
    const vm = v128.load(m);
    const vv = v128.load(v);
    const left = stepped(low(vp), low(vm), low(vv), vk, vs, vc, ve);
    store4(out, left, stepped(high(vp), high(vm), high(vv), vk, vs, vc, ve));
    out += 16;
    p += 16;
    m += 16;
    v += 16;
  }
  while (out < stop) {
    const root = sqrt<f64>(<f64>load<f32>(v)) / correction + eps;
    store<f32>(out, <f32>(kept * <f64>load<f32>(p) - (size * <f64>load<f32>(m)) / root));
    out += 4;
    p += 4;
    m += 4;
    v += 4;
  }
}
