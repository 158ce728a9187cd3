import { type Result, resultsOf } from "../src/result.ts";
import type { PageMachine } from "./machine.ts";
import type { Refused, Row, Timed } from "./session.ts";

/** The file that the page saves: as docs/benchmarks.json, with what was refused beside. */
export interface Report {
  readonly machine: PageMachine;
  /** When it was saved, ISO 8601. */
  readonly date: string;
  readonly results: readonly Result[];
  readonly refused: readonly Refused[];
}

export function reportOf(machine: PageMachine, rows: readonly Row[], date: Date): Report {
  const timed = rows.filter(isTimed);
  const refused = rows.filter((row): row is Refused => !isTimed(row));
  return { machine, date: date.toISOString(), results: resultsOf(timed), refused };
}

export function reportText(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

export function isTimed(row: Row): row is Timed {
  return "medianMs" in row;
}
