// Planes are numbered sample by sample, channel by channel; element r of
// plane p, counted over outer · inner, lies at ((n·outer + a)·channels + c)·inner + b.

/** How planes lie in memory, as norm-core describes it. */
export interface PlaneLayout {
  readonly samples: number;
  readonly outer: number;
  readonly channels: number;
  readonly inner: number;
  readonly relu?: boolean;
}

export const planes = ({ samples, channels }: PlaneLayout): number => samples * channels;
export const length = ({ outer, inner }: PlaneLayout): number => outer * inner;
export const all = (layout: PlaneLayout): number => planes(layout) * length(layout);

/** Text: where element `r` of plane `p` lies. */
export function elementOf({ outer, channels, inner }: PlaneLayout, p: string, r: string): string {
  const n = channels === 1 ? p : `quotient(${p}, ${channels})`;
  const c = channels === 1 ? "0" : `remainder(${p}, ${channels})`;
  const a = inner === 1 ? r : outer === 1 ? "0" : `quotient(${r}, ${inner})`;
  const b = inner === 1 ? "0" : outer === 1 ? r : `remainder(${r}, ${inner})`;
  return `((${n} * ${outer} + ${a}) * ${channels} + ${c}) * ${inner} + ${b}`;
}
