/** exp of the entropy of weights divided by their sum: n for n equal ones, 0 for none. */
export function effectiveNumber(weights: Float64Array): number {
  const sum = weights.reduce((total, w) => total + w, 0);
  if (sum === 0) return 0;
  const entropy = weights.reduce((h, w) => (w > 0 ? h - (w / sum) * Math.log(w / sum) : h), 0);
  return Math.exp(entropy);
}
