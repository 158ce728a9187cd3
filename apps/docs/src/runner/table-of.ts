import { format, isTensor, shortNumber } from "./format.ts";
import type { TableData } from "./messages.ts";

const most = 200;

/**
 * A table of records, of arrays, or of records by name, as console.table takes them.
 *
 * @returns undefined for what is no table.
 */
export function tableOf(data: unknown, caption?: string): TableData | undefined {
  const plain = isTensor(data) ? data.toArray() : data;
  if (typeof plain !== "object" || plain === null || Object.keys(plain).length === 0) {
    return undefined;
  }
  const named = !Array.isArray(plain);
  const entries = Object.entries(plain);
  const rows = entries.slice(0, most).map(([name, row]) => {
    const cells = cellsOf(row);
    return named ? new Map<string, unknown>([["", name], ...cells]) : cells;
  });
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  return {
    ...(caption !== undefined && { caption }),
    columns,
    rows: rows.map((row) => columns.map((column) => cellText(row.get(column)))),
    numeric: columns.map((column) => rows.every((row) => isNumeric(row.get(column)))),
    left: entries.length - rows.length,
  };
}

function cellsOf(row: unknown): Map<string, unknown> {
  const plain = isTensor(row) ? row.toArray() : row;
  return isRecord(plain) ? new Map(Object.entries(plain)) : new Map([["value", plain]]);
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(value instanceof Date);
}

function cellText(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "number" ? shortNumber(value) : format(value);
}

function isNumeric(value: unknown): boolean {
  return typeof value === "number" || value === undefined;
}
