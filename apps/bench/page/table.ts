import { ratio, threeDigits } from "../src/figures.ts";
import { element } from "./element.ts";
import { baseline } from "./engines.ts";
import { isTimed } from "./report.ts";
import type { Row, Timed } from "./session.ts";

const head = ["engine", "median ms", "time / wasm", "runs", "off by"];

/** What came of one case. */
export function caseTable(rows: readonly Row[]): HTMLTableElement {
  const base = rows.filter(isTimed).find(({ engine }) => engine === baseline)?.medianMs;
  const columns = head.map((text) => element("th", { scope: "col" }, [text]));
  return element("table", {}, [
    element("caption", {}, [rows[0]!.case]),
    element("thead", {}, [element("tr", {}, columns)]),
    element(
      "tbody",
      {},
      rows.map((row) => element("tr", {}, [engineCell(row), ...cells(row, base)])),
    ),
  ]);
}

function engineCell({ engine, threads }: Row): HTMLElement {
  const text = threads === 1 ? engine : `${engine}, ${threads} threads`;
  return element("th", { scope: "row" }, [text]);
}

function cells(row: Row, base: number | undefined): HTMLElement[] {
  if (!isTimed(row)) {
    return [element("td", { className: "reason", colSpan: head.length - 1 }, [row.reason])];
  }
  const { medianMs, runs } = row;
  const texts = [threeDigits(medianMs), ratio(medianMs, base), String(runs), difference(row)];
  return texts.map((text) => element("td", {}, [text]));
}

function difference({ engine, error }: Timed): string {
  if (error === null || engine === baseline) return "";
  return error === 0 ? "0" : error.toExponential(0);
}
