import { type Shape, sizeOf } from "@evenkeel/autodiff";
import { type Input, makePlan, type Plan } from "./plan.ts";
import type { Given, GpuOp, Node } from "./rule.ts";
import type { Block, GpuStorage } from "./storage.ts";

/** An op that was called and is still to be computed. */
export interface Recorded {
  readonly name: string;
  readonly op: GpuOp;
  readonly params: unknown;
  readonly inputs: readonly GpuStorage[];
  readonly shapes: readonly Shape[];
  readonly out: GpuStorage;
  readonly shape: Shape;
}

/** The recorded ops that something still needs, and what they start from. */
export interface Graph {
  readonly ops: readonly Recorded[];
  /** Per op: whether its result is still in use. */
  readonly wanted: readonly boolean[];
  /** What other flushes computed, what was written, and constants. */
  readonly givens: readonly GpuStorage[];
}

/** Leaves out what nothing needs any more. */
export function graphOf(recorded: readonly Recorded[]): Graph {
  const here = new Map<GpuStorage, number>();
  for (const { inputs } of recorded) {
    for (const input of inputs) here.set(input, (here.get(input) ?? 0) + 1);
  }
  // In use by the program, or by ops that were recorded since.
  const inUse = (s: GpuStorage): boolean => s.users > 0 || s.readers > (here.get(s) ?? 0);
  const needed = new Set<GpuStorage>();
  const ops: Recorded[] = [];
  for (let i = recorded.length - 1; i >= 0; i--) {
    const op = recorded[i]!;
    if (!inUse(op.out) && !needed.has(op.out)) continue;
    for (const input of op.inputs) needed.add(input);
    ops.push(op);
  }
  ops.reverse();
  // An op may fill a storage anew: what reads it before is given the old numbers.
  const made = new Set<GpuStorage>();
  const givens = new Set<GpuStorage>();
  for (const { inputs, out } of ops) {
    for (const input of inputs) if (!made.has(input)) givens.add(input);
    made.add(out);
  }
  return { ops, givens: [...givens], wanted: ops.map(({ out }) => inUse(out)) };
}

/** A plan for all graphs of one structure, whatever their numbers. */
export interface GraphPlan extends Plan {
  readonly results: readonly {
    readonly op: number;
    readonly block: number;
    readonly offset: number;
  }[];
  readonly opOf: ReadonlyMap<Node, number>;
}

/** The blocks that the givens lie in, each once. */
export function blocksOf({ givens }: Graph): Block[] {
  const blocks = new Set<Block>();
  for (const { content } of givens) if (content.kind === "block") blocks.add(content.block);
  return [...blocks];
}

/** What graphs have in common that one plan serves. */
export interface Structure {
  readonly key: string;
  /** Per op: the first op that computes the same, often itself. */
  readonly first: readonly number[];
}

/** The structure of a graph with `blocks` from `blocksOf`. */
export function structureOf(graph: Graph, blocks: readonly Block[]): Structure {
  const ids = new Map<GpuStorage, string>();
  const parts: string[] = [];
  const constants = new Map<number, string>();
  for (const [i, storage] of graph.givens.entries()) {
    const { content } = storage;
    // Equal constants are one, so that ops on them may be one.
    const equal = content.kind === "constant" ? constants.get(content.value) : undefined;
    ids.set(storage, equal ?? `g${i}`);
    if (content.kind === "constant" && !equal) constants.set(content.value, `g${i}`);
    parts.push(equal ?? JSON.stringify(inputOf(storage, blocks)));
  }
  const known = new Map<string, number>();
  const first = graph.ops.map(({ name, op, params, inputs, shapes, out, shape }, i) => {
    // Parameters that change from call to call are no part of a structure: such ops are never equal.
    const fixed = op.scalars ? i : JSON.stringify(params);
    const read = inputs.map((s, k) => `${ids.get(s)}:${shapes[k]!.join("x")}`).join();
    const call = `${name} ${fixed} ${read} ${shape.join("x")}`;
    const same = known.get(call) ?? i;
    known.set(call, same);
    ids.set(out, `r${same}`);
    parts.push(`${call} ${graph.wanted[i] ? 1 : 0}`);
    return same;
  });
  return { key: parts.join("\n"), first };
}

function inputOf({ content, size }: GpuStorage, blocks: readonly Block[]): Input {
  if (content.kind !== "block") return { constant: true };
  return { block: blocks.indexOf(content.block), offset: content.offset, size };
}

/** Plans a graph whose givens are constants or in blocks. */
export function planGraph(graph: Graph, { first }: Structure, blocks: readonly Block[]): GraphPlan {
  const sources = new Map<GpuStorage, Node | Given>();
  for (const [given, storage] of graph.givens.entries()) {
    sources.set(storage, { given, size: storage.size });
  }
  const opOf = new Map<Node, number>();
  const nodes: Node[] = [];
  for (const [i, { name, op, inputs, shapes, shape, params, out }] of graph.ops.entries()) {
    const read = inputs.map((s) => sources.get(s)!);
    const node = nodes[first[i]!] ?? op.lower(read, { shapes, out: shape, params });
    if (node.size !== sizeOf(shape)) throw new Error(`${name}: a rule of ${node.size} elements`);
    nodes.push(node);
    sources.set(out, node);
    if (first[i] !== i) continue;
    for (const own of scalarNodes(node, new Set(read))) opOf.set(own, i);
  }
  const wanted = new Set(nodes.filter((_, i) => graph.wanted[i]));
  const plan = makePlan(
    wanted,
    graph.givens.map((s) => inputOf(s, blocks)),
    blocks.length,
  );
  const results = nodes.flatMap((node, op) =>
    graph.wanted[op] ? [{ op, ...plan.place(node) }] : [],
  );
  return { ...plan, results, opOf };
}

/** The nodes that an op was lowered to and that have scalars: those above its inputs. */
function scalarNodes(node: Node, inputs: ReadonlySet<Node | Given>): Node[] {
  const found: Node[] = [];
  const visit = (n: Node | Given): void => {
    if (inputs.has(n) || "given" in n || found.includes(n)) return;
    if (n.scalars) found.push(n);
    n.inputs.forEach(visit);
  };
  visit(node);
  return found;
}
