import { palette } from "./norm-style.ts";

function colors(mode: "light" | "dark"): string {
  return palette.map((color, index) => `--norm-${index}: ${color[mode]};`).join(" ");
}

/** The report's whole style sheet: one column, light and dark, tables that scroll on a phone. */
export const pageStyle: string = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1f24; --soft: #5b6470; --line: #d9dee4; --tint: #f4f6f8; --bad: #b3261e;
  ${colors("light")}
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171b; --ink: #e6e9ed; --soft: #a3adb8; --line: #333a43; --tint: #1d2127; --bad: #ff8a80;
    ${colors("dark")}
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 57.5rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif;
}
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 0.5rem; }
h2 { font-size: 1.2rem; margin: 3rem 0 0.25rem; }
p { margin: 0.5rem 0; max-width: 45rem; }
.lead { color: var(--soft); }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.35rem 0.6rem; text-align: right; white-space: nowrap; }
thead th { font-weight: 400; color: var(--soft); }
thead th[colspan] { font-weight: 600; color: var(--ink); padding-bottom: 0; }
thead th[rowspan] { text-align: left; vertical-align: bottom; }
thead { border-bottom: 1px solid var(--line); }
th[scope="row"] { text-align: left; }
th[scope="row"] { position: sticky; left: 0; background: var(--paper); font-weight: 500; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
td.time { color: var(--soft); padding-left: 0; }
td.best { font-weight: 700; }
.bad { color: var(--bad); font-size: 0.8rem; font-weight: 400; }
.swatch { display: inline-block; vertical-align: -0.1em; margin-right: 0.5rem; }
.swatch svg { max-width: none; }
.legend { display: flex; flex-wrap: wrap; gap: 0.15rem 1.1rem; list-style: none; padding: 0; margin: 1rem 0 0.5rem; font-size: 0.875rem; }
figure { margin: 0.5rem 0; }
.narrow { display: none; }
svg { display: block; max-width: 100%; height: auto; }
svg text { font-size: 11px; white-space: pre; }
details { margin: 1rem 0; border-top: 1px solid var(--line); padding-top: 0.5rem; }
summary { cursor: pointer; color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1.5rem; margin: 1rem 0; }
dt { color: var(--soft); }
dd { margin: 0; }
@media (max-width: 47rem) {
  body { padding: 1.25rem 1rem 3rem; }
  h1 { font-size: 1.4rem; }
  th, td { padding: 0.35rem 0.4rem; }
  table .swatch { display: none; }
  .wide { display: none; }
  .narrow { display: block; }
  .narrow svg { width: 100%; }
}
@media print { body { max-width: none; } details > * { display: block; } }
`;
