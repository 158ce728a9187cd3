/** The number below which a share q of ascending numbers lies: the nearest of them; NaN of none. */
export function quantile(ascending: ArrayLike<number>, q: number): number {
  return ascending[Math.round(q * (ascending.length - 1))] ?? Number.NaN;
}
