/**
 * The midpoint quantiles of the standard normal distribution: where its distribution function is
 * (k + ½) / count, for k = 0 to count − 1. They add up to 0; their variance is a little below 1.
 */
export function normalQuantiles(count: number): Float64Array {
  const known = found.get(count) ?? quantiles(count);
  found.set(count, known);
  return known.slice();
}

/** What was asked for before. */
const found = new Map<number, Float64Array>();

function quantiles(count: number): Float64Array {
  const half = Float64Array.from({ length: Math.floor(count / 2) }, (_, k) =>
    quantileAbove(0.5 - (k + 0.5) / count),
  );
  // Mirrored, so that they cancel exactly; of an odd number the middle one is 0.
  return Float64Array.from({ length: count }, (_, k) => {
    if (k < half.length) return -half[k]!;
    const mirrored = count - 1 - k;
    return mirrored < half.length ? half[mirrored]! : 0;
  });
}

const density = (x: number): number => Math.exp(-(x * x) / 2) / Math.sqrt(2 * Math.PI);

/**
 * The x > 0 with mass p between 0 and x. Newton's method from 0: the mass is concave there, so that no step
 * goes too far.
 */
function quantileAbove(p: number): number {
  let x = 0;
  for (let step = 1; step > 1e-15 * x; ) {
    step = (p - massBelow(x)) / density(x);
    x += step;
  }
  return x;
}

/** The mass between 0 and x: density(x)·(x + x³/3 + x⁵/(3·5) + …), a sum without cancellation. */
function massBelow(x: number): number {
  let sum = 0;
  let term = x;
  for (let n = 1; sum + term > sum; n++) {
    sum += term;
    term *= (x * x) / (2 * n + 1);
  }
  return density(x) * sum;
}
