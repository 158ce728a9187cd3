/** Three digits, and all of those before the point. */
export function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** A time over another; "" where one of them is missing. */
export function ratio(time: number | null | undefined, over: number | null | undefined): string {
  if (time == null || over == null) return "";
  const value = time / over;
  return value >= 10 ? value.toFixed(0) : String(Number(value.toPrecision(value < 1 ? 2 : 3)));
}

export function gigaflops(flop: number, ms: number | null): string {
  return ms === null ? "" : threeDigits(flop / ms / 1e6);
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
