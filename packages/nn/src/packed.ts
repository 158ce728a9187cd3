import { concat, reshape, type Shape, sizeOf, slice, type Tensor } from "@evenkeel/autodiff";

/** Tensors by name. */
type Named = Readonly<Record<string, Tensor>>;

/**
 * Where a tensor of ours lies in a checkpoint, as a name says it:
 *
 *     "bns.*.weight"         each row is a tensor of its own: bns.0.weight, bns.1.weight, …
 *     "embed.weight[1]"      the second of equal parts of embed.weight, side by side along its last axis
 *     "embed.weight[-1][1]"  the same, in a last row below the other parts
 *     everything else        the tensor of that name
 */
interface Part {
  readonly base: string;
  readonly column: number;
  readonly lastRow: boolean;
}

function partOf(name: string): Part | undefined {
  const found = /^(.*?)(\[-1\])?\[(\d+)\]$/.exec(name);
  return found
    ? { base: found[1]!, lastRow: found[2] !== undefined, column: Number(found[3]) }
    : undefined;
}

/** Our tensors under the names and in the shapes that a checkpoint has them in. */
export function pack(ours: Named): Record<string, Tensor> {
  const packed: Record<string, Tensor> = {};
  for (const [name, t] of Object.entries(ours)) {
    const part = partOf(name);
    if (part) packed[part.base] ??= joined(part.base, ours);
    else if (name.includes("*")) Object.assign(packed, rowsOf(name, t));
    else packed[name] = t;
  }
  return packed;
}

function rowsOf(name: string, t: Tensor): Named {
  const rows = Array.from({ length: t.shape[0]! }, (_, i) => [
    name.replace("*", String(i)),
    rowAt(t, i, t.shape.slice(1)),
  ]);
  return Object.fromEntries(rows);
}

function rowAt(t: Tensor, row: number, shape: Shape): Tensor {
  const [start, end] = [t.shape.map(() => 0), [...t.shape]];
  start[0] = row;
  end[0] = row + 1;
  return reshape(slice(t, start, end), shape);
}

/** Parts side by side, those of the last row below them. */
function joined(base: string, ours: Named): Tensor {
  const side: Tensor[] = [];
  const below: Tensor[] = [];
  for (const [name, t] of Object.entries(ours)) {
    const part = partOf(name);
    if (part?.base !== base) continue;
    if (part.lastRow) below[part.column] = reshape(t, [1, sizeOf(t.shape)]);
    else side[part.column] = t;
  }
  const whole = concat(side, -1);
  return below.length > 0 ? concat([whole, concat(below, -1)], 0) : whole;
}

/** The names in a checkpoint that a tensor of ours is made from. */
export function packedNames(name: string, shape: Shape): readonly string[] {
  if (!name.includes("*")) return [partOf(name)?.base ?? name];
  return Array.from({ length: shape[0]! }, (_, i) => name.replace("*", String(i)));
}

/** A tensor of ours from those of a checkpoint, which `pack` made or that have the same shapes. */
export function unpack(packed: Named, name: string, shape: Shape): Tensor {
  const part = partOf(name);
  if (part) return columnsOf(packed[part.base]!, part, shape);
  if (!name.includes("*")) return packed[name]!;
  const rows = packedNames(name, shape).map((n) => reshape(packed[n]!, [1, ...shape.slice(1)]));
  return concat(rows, 0);
}

function columnsOf(whole: Tensor, { column, lastRow }: Part, shape: Shape): Tensor {
  const width = shape.at(-1)!;
  const [rows] = whole.shape as [number];
  const start = lastRow ? rows - 1 : 0;
  const columns = [column * width, (column + 1) * width] as const;
  const end = lastRow ? rows : shape[0]!;
  return reshape(slice(whole, [start, columns[0]], [end, columns[1]]), shape);
}
