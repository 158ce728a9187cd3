import { type HistogramCurve, histogramPlot } from "@evenkeel/diagnostics";
import { plotOptions } from "@evenkeel/lab/plot-spec";
import { dot, line, type Markish, plot, ruleY, text } from "@observablehq/plot";
import { apart, type History, lossRange, type Point, stepsShown, thinned } from "./history.ts";
import type { Series } from "./series.ts";

/** Where a chart is drawn. */
export interface Frame {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** A norm with its curve. */
interface Drawn {
  readonly series: Series;
  readonly points: readonly Point[];
}

/** Points of one line: more are not seen. */
const LINE = 240;
const DOTS = 100;
const margins = { marginTop: 10, marginBottom: 36, marginLeft: 46 };
const style = { background: "transparent", color: "var(--ek-ink-soft)", fontSize: "12px" };

/** Losses: faint points, and lines of their running means with names at their ends. */
export function lossChart(
  history: History,
  series: readonly Series[],
  frame: Frame,
  scale: "linear" | "log",
): Element {
  const domain = lossRange(history.norms, scale);
  const lines = series.map((one, i) => ({
    series: one,
    points: near(thinned(history.norms[i]!.smooth, LINE), domain),
  }));
  const raw = series.flatMap(({ color }, i) =>
    dot(thinned(history.norms[i]!.losses, DOTS).filter(inside(domain)), {
      x: "step",
      y: "value",
      r: 1.5,
      fill: color,
      fillOpacity: 0.35,
    }),
  );
  const y = { type: scale, domain, label: null, ...ticksOf(scale, domain) };
  const position = heightIn(domain, scale);
  return curves(history, frame, y, [...raw, ...lines.map(curve), ...names(lines, frame, position)]);
}

function inside([low, high]: readonly [number, number]): (point: Point) => boolean {
  return ({ value }) => value >= low && value <= high;
}

/** What leaves the frame ends right behind its edge: a diverging loss would be drawn light years above. */
function near(points: readonly Point[], [low, high]: readonly [number, number]): Point[] {
  return points.map(({ step, value }) => ({
    step,
    value: Math.min(high * 1.1, Math.max(low, value)),
  }));
}

/** Accuracies on held-out data: lines with the norms' markers. */
export function accuracyChart(history: History, series: readonly Series[], frame: Frame): Element {
  const lines = series.map((one, i) => ({ series: one, points: history.norms[i]!.accuracies }));
  const markers = lines.map(({ series: { color, symbol }, points }) =>
    dot(points, { x: "step", y: "value", symbol, fill: color, r: 3.2 }),
  );
  const y = { domain: [0, 1], label: null, tickFormat: "%" };
  const position = heightIn([0, 1], "linear");
  return curves(history, frame, y, [
    ...lines.map(curve),
    ...markers,
    ...names(lines, frame, position),
  ]);
}

function curves(history: History, frame: Frame, y: object, drawn: readonly Markish[]): Element {
  return plot({
    ...frame,
    ...margins,
    marginRight: labelRoom(frame),
    style,
    x: { domain: [0, stepsShown(history)], label: "step", ticks: frame.width / 90 },
    y: { grid: true, ...y },
    marks: [ruleY([0], { strokeOpacity: 0 }), ...drawn],
  });
}

function curve({ series: { color, dash }, points }: Drawn): Markish {
  return line(points, {
    x: "step",
    y: "value",
    stroke: color,
    strokeWidth: 2,
    strokeDasharray: dash,
    clip: true,
  });
}

/** A logarithmic axis needs more than its powers of ten where it has one or two of them. */
function ticksOf(scale: "linear" | "log", [low, high]: readonly [number, number]): object {
  if (scale === "linear") return { ticks: 6 };
  return high / low > 1000 ? { ticks: 5, tickFormat: "~g" } : { ticks: 6, tickFormat: "~g" };
}

/** From a value to its share of the axis, 0 at the bottom and 1 at the top. */
function heightIn(
  [low, high]: readonly [number, number],
  scale: "linear" | "log",
): (value: number) => number {
  const share = (value: number): number =>
    scale === "log"
      ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
      : (value - low) / (high - low);
  return (value) => Math.min(1, Math.max(0, share(value)));
}

/** Phones. */
const NARROW = 480;

const labelRoom = ({ width }: Frame): number => (width < NARROW ? 88 : 128);

/** Each norm's name at the end of its line, with its marker; they are moved apart where they would overlap. */
function names(
  lines: readonly Drawn[],
  { width, height }: Frame,
  position: (value: number) => number,
): Markish[] {
  const shown = lines.filter(({ points }) => points.length > 0);
  const room = height - margins.marginTop - margins.marginBottom;
  const ends = shown.map(({ points }) => room * (1 - position(points.at(-1)!.value)));
  const ems = width < NARROW ? 6 : 9;
  const wraps = shown.some(({ series: { label } }) => label.length > 1.8 * ems);
  const moved = apart(ends, wraps ? 28 : 15, room);
  return shown.flatMap(({ series: { label, color, symbol } }, i) => {
    const at = { frameAnchor: "top-right", dy: moved[i]! } as const;
    const name = label.length > 24 ? `${label.slice(0, 23)}…` : label;
    return [
      dot([0], { ...at, symbol, fill: color, r: 4, dx: 10 }),
      text([name], {
        ...at,
        ...{ dx: 19, textAnchor: "start", lineAnchor: "middle" },
        ...{ lineWidth: ems, fill: "var(--ek-ink)" },
      }),
    ];
  });
}

/** One statistic of every channel: the batch's over the running one. On the diagonal they agree. */
export function againstChart(
  rows: readonly {
    readonly series: Series;
    readonly running: readonly number[];
    readonly batch: readonly number[];
  }[],
  name: string,
  frame: Frame,
): Element {
  const all = rows.flatMap(({ running, batch }) => [...running, ...batch]).filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const space = (high - low || 1) * 0.06;
  const domain = [low - space, high + space];
  const corners = domain.map((v) => [v, v]);
  const channels = rows.map(({ series: { color, symbol }, running, batch }) =>
    dot(
      running.map((x, c) => ({ x, y: batch[c]! })),
      { x: "x", y: "y", symbol, stroke: color, strokeWidth: 1.6, r: 3.5 },
    ),
  );
  return plot({
    ...frame,
    ...margins,
    marginTop: 26,
    marginRight: 12,
    style,
    x: { domain, label: `running ${name}`, ticks: 4 },
    y: { domain, label: `batch ${name}`, labelOffset: 40, grid: true, ticks: 5 },
    marks: [
      line(corners, { stroke: "var(--ek-ink-soft)", strokeDasharray: "4 4", strokeOpacity: 0.8 }),
      ...channels,
    ],
  });
}

/** What enters (shaded) and leaves a layer, a row for each norm. */
export function histogramChart(curvesOf: readonly HistogramCurve[], width: number): Element {
  const rows = new Set(curvesOf.map(({ row }) => row)).size;
  // Beside the two charts of statistics there is room for more.
  const height = width < 300 ? Math.min(150, 420 / rows) : 84;
  return plot({
    ...plotOptions(histogramPlot(curvesOf)),
    ...margins,
    marginLeft: 12,
    marginRight: 12,
    style,
    width,
    height: height * rows + 46,
  });
}
