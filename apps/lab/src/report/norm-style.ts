import type { SymbolType } from "@observablehq/plot";

/** How one norm looks in every plot and legend. */
export interface NormStyle {
  readonly norm: string;
  /** A CSS color that a page may set for light and dark, with a default. */
  readonly color: string;
  /** SVG stroke-dasharray; undefined for a full line. */
  readonly dash: string | undefined;
  readonly symbol: SymbolType;
}

/** Colors that stand out from white and from near-black paper, and from each other. */
export const palette: readonly { readonly light: string; readonly dark: string }[] = [
  { light: "#2f5fd0", dark: "#82a9ff" },
  { light: "#d4570b", dark: "#ff9c57" },
  { light: "#1c8648", dark: "#5bcb8c" },
  { light: "#8b3fc4", dark: "#c89bff" },
  { light: "#c8243f", dark: "#ff7788" },
  { light: "#0d8799", dark: "#4fc9dc" },
  { light: "#8a5a2b", dark: "#d2a571" },
  { light: "#c7408f", dark: "#ff95cd" },
  { light: "#6a6e1c", dark: "#c3c866" },
];

const dashes: readonly (string | undefined)[] = [undefined, "6 3", "2 3", "10 3 2 3", "14 4"];
const symbols: readonly SymbolType[] = ["circle", "square", "triangle", "diamond", "star"];

/** Colors repeat after nine norms with another dash; 45 norms all look different. */
export function normStyles(norms: readonly string[]): NormStyle[] {
  return norms.map((norm, index) => {
    const hue = index % palette.length;
    const dash = Math.floor(index / palette.length) % dashes.length;
    const color = `var(--norm-${hue}, ${palette[hue]!.light})`;
    return { norm, color, dash: dashes[dash], symbol: symbols[(hue + dash) % symbols.length]! };
  });
}
