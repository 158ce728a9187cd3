import type { PlotMark, PlotSpec } from "@evenkeel/diagnostics";
import * as Plot from "@observablehq/plot";

type Draw = (data: PlotMark["data"], options: PlotMark["options"]) => Plot.Markish;

/** Plot's functions by the names that specifications use. */
const draw: Readonly<Record<PlotMark["mark"], Draw>> = {
  areaY: Plot.areaY,
  barY: Plot.barY,
  cell: Plot.cell,
  dot: Plot.dot,
  line: Plot.line,
  ruleX: Plot.ruleX,
  ruleY: Plot.ruleY,
  text: Plot.text,
};

/** What Observable Plot needs to draw an instrument's specification. */
export function plotOptions({ title, scales, marks }: PlotSpec): Plot.PlotOptions {
  return {
    ...(scales as Plot.PlotOptions),
    ariaLabel: title,
    marks: marks.map(({ mark, data, options }) => draw[mark](data, options)),
  };
}
