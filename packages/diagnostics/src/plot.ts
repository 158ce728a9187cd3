/** One record of what is drawn; marks name its fields. */
export type PlotRow = Readonly<Record<string, string | number>>;

/**
 * One layer of a plot. The mark's name, and those of its options, are Observable Plot's; an option's text is
 * the name of a field of `data`, or a constant such as a color.
 */
export interface PlotMark {
  readonly mark: "areaY" | "barY" | "cell" | "dot" | "line" | "ruleX" | "ruleY" | "text";
  readonly data: readonly PlotRow[];
  readonly options: Readonly<Record<string, string | number | boolean>>;
}

/** A position or color scale, as far as a plot decides on it; the rest is left to what draws. */
export interface PlotScale {
  readonly label?: string | null;
  readonly domain?: readonly (string | number)[];
  readonly type?: "linear" | "log" | "point" | "band";
  /** null: no axis is drawn. */
  readonly axis?: null;
  readonly grid?: boolean;
}

/**
 * A plot as plain data: JSON can hold it, and Observable Plot draws it with
 * `Plot.plot({ ...scales, marks: marks.map(({ mark, data, options }) => Plot[mark](data, options)) })`.
 */
export interface PlotSpec {
  /** What it shows, for a caption or a reader of screens. */
  readonly title: string;
  /** Scales by Plot's names. */
  readonly scales: Readonly<Partial<Record<"x" | "y" | "fx" | "fy" | "color", PlotScale>>>;
  /** Drawn one over the other. */
  readonly marks: readonly PlotMark[];
}
