import type { PlotSpec } from "@evenkeel/diagnostics";

/** A table as the page draws it: text in cells. */
export interface TableData {
  readonly caption?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** By column: whether it holds numbers, which stand to the right. */
  readonly numeric: readonly boolean[];
  /** Rows that are left out. */
  readonly left: number;
}

export type Level = "log" | "warn" | "error";

/** Something that a program shows. */
export type Item =
  | { readonly kind: "text"; readonly level: Level; readonly text: string }
  | { readonly kind: "table"; readonly table: TableData }
  | { readonly kind: "plot"; readonly spec: PlotSpec };

/** Why a program ended before its end, in words that help. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** In the edited program, from 1. */
  readonly line?: number;
}

/** What the page asks of a worker: an example by its name, or a program as it was edited. */
export type Job = { readonly example: string } | { readonly program: string };

/** What a worker tells the page. */
export type Report =
  | { readonly type: "started" }
  | { readonly type: "item"; readonly item: Item }
  | { readonly type: "done"; readonly seconds: number }
  | { readonly type: "failed"; readonly failure: Failure };
