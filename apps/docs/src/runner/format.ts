/** Digits of numbers in lists: about those of float32. */
const digits = 7;
const deepest = 4;
const widest = 72;

/** A number as lists and tables show it; a single one that is printed is not shortened. */
export function shortNumber(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(digits)));
}

/** What a console shows of the arguments of one call. */
export function formatLine(values: readonly unknown[]): string {
  let line = "";
  let tallFrom = 0;
  for (const value of values) {
    const text = typeof value === "string" ? value : format(value);
    // A matrix stands on lines of its own.
    const tall = text.includes("\n") || line.slice(tallFrom).includes("\n");
    if (line !== "") line += tall ? "\n" : " ";
    tallFrom = line.length;
    line += text;
  }
  return line;
}

/** A value as a person would want to read it: arrays of numbers as matrices, long ones shortened. */
export function format(value: unknown): string {
  return formatIn(value, []);
}

/** @param above - The objects that the value is in: none of them is shown again. */
function formatIn(value: unknown, above: readonly object[]): string {
  if (typeof value === "string") return above.length === 0 ? value : JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `function ${value.name || "without a name"}`;
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  if (above.includes(value)) return "[circular]";
  try {
    return formatObject(value, [...above, value]);
  } catch (error) {
    return `[not readable: ${error instanceof Error ? error.message : String(error)}]`;
  }
}

function formatObject(value: object, above: readonly object[]): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof Date || value instanceof RegExp) return String(value);
  if (value instanceof Promise) return "Promise";
  if (isTensor(value)) return formatTensor(value);
  if (Array.isArray(value)) return formatArray(value, above);
  if (ArrayBuffer.isView(value)) return formatTyped(value);
  if (value instanceof Map) {
    return wrap(`Map(${value.size})`, "{}", formatEntries(value.entries(), " => ", above));
  }
  if (value instanceof Set) {
    return wrap(`Set(${value.size})`, "{}", formatItems([...value], above));
  }
  const name: string | undefined = Object.getPrototypeOf(value)?.constructor?.name;
  const entries = formatEntries(Object.entries(value), ": ", above);
  return wrap(name === "Object" || name === undefined ? "" : name, "{}", entries);
}

interface TensorLike {
  readonly shape: readonly number[];
  readonly dtype: string;
  toArray(): unknown;
}

/** By its looks: an edited program may have a tensor of its own kind. */
export function isTensor(value: unknown): value is TensorLike {
  if (typeof value !== "object" || value === null) return false;
  const { shape, dtype, toArray } = value as Partial<TensorLike>;
  return Array.isArray(shape) && typeof dtype === "string" && typeof toArray === "function";
}

function formatTensor(value: TensorLike): string {
  const numbers = formatIn(value.toArray(), []);
  const head = `Tensor [${value.shape.join(", ")}] ${value.dtype}`;
  return `${head}${numbers.includes("\n") ? "\n" : " "}${numbers}`;
}

function formatTyped(value: ArrayBufferView): string {
  const { name } = value.constructor;
  if (!("length" in value)) return `${name}(${value.byteLength})`;
  const list = Array.from(value as unknown as ArrayLike<number>);
  return `${name}(${list.length}) ${row(list)}`;
}

function formatArray(list: readonly unknown[], above: readonly object[]): string {
  if (isNumbers(list)) return row(list);
  if (list.length > 0 && list.every(isNumbers)) return matrix(list);
  if (list.length > 0 && list.every((v) => Array.isArray(v) && isNested(v))) {
    return blocks(list.map((v) => formatIn(v, above)));
  }
  return wrap("", "[]", formatItems(list, above));
}

const isNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((v) => typeof v === "number");

const isNested = (value: unknown): boolean =>
  isNumbers(value) || (Array.isArray(value) && value.every(isNested));

/** The first and the last of a long list, and what stands for those between. */
function shortened<T>(list: readonly T[], most: number, rest: (left: number) => T): readonly T[] {
  if (list.length <= most) return list;
  const last = Math.floor(most / 4);
  const first = most - last - 1;
  return [
    ...list.slice(0, first),
    rest(list.length - first - last),
    ...list.slice(list.length - last),
  ];
}

function row(list: readonly number[]): string {
  const cells = shortened(list.map(shortNumber), 32, (left) => `… ${left} more …`);
  return `[${cells.join(", ")}]`;
}

function matrix(rows: readonly (readonly number[])[]): string {
  const shown = rows.map((r) => shortened(r.map(shortNumber), 16, (left) => `… ${left} more …`));
  const widths: number[] = [];
  for (const cells of shown) {
    cells.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  const lines = shown.map(
    (cells) => `[${cells.map((cell, i) => cell.padStart(widths[i]!)).join(", ")}]`,
  );
  return blocks(lines);
}

/** Rows or blocks of rows in brackets, each on lines of its own. */
function blocks(parts: readonly string[]): string {
  if (parts.length === 1 && !parts[0]!.includes("\n")) return `[${parts[0]}]`;
  const tall = parts[0]!.includes("\n");
  const shown = shortened(parts, tall ? 4 : 12, (left) => `… ${left} more …`);
  return `[${shown.map((part) => part.replaceAll("\n", "\n ")).join(",\n ")}]`;
}

function formatItems(list: readonly unknown[], above: readonly object[]): string[] {
  if (above.length > deepest) return list.length === 0 ? [] : ["…"];
  const shown = shortened<unknown>(list, 50, (left) => new More(left));
  return shown.map((v) => (v instanceof More ? v.text : formatIn(v, above)));
}

function formatEntries(
  entries: Iterable<readonly [unknown, unknown]>,
  between: string,
  above: readonly object[],
): string[] {
  const list = [...entries];
  if (above.length > deepest) return list.length === 0 ? [] : ["…"];
  const shown = shortened<readonly [unknown, unknown] | More>(list, 50, (left) => new More(left));
  return shown.map((entry) => {
    if (entry instanceof More) return entry.text;
    const [key, value] = entry;
    return `${typeof key === "string" ? key : formatIn(key, above)}${between}${formatIn(value, above)}`;
  });
}

/** Stands for entries that are not shown. */
class More {
  readonly text: string;
  constructor(left: number) {
    this.text = `… ${left} more`;
  }
}

/** Parts in brackets, on one line where they fit. */
function wrap(name: string, [open, close]: string, parts: readonly string[]): string {
  const head = name === "" ? "" : `${name} `;
  if (parts.length === 0) return `${head}${open}${close}`;
  const pad = open === "{" ? " " : "";
  const line = `${head}${open}${pad}${parts.join(", ")}${pad}${close}`;
  if (line.length <= widest && !line.includes("\n")) return line;
  const lines = parts.map((part) => `  ${part.replaceAll("\n", "\n  ")}`);
  return `${head}${open}\n${lines.join(",\n")}\n${close}`;
}
