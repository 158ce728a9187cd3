import type { Node, Source } from "./rule.ts";

/** Arrays that one kernel may read: WebGPU promises eight buffers, of which one is the result's. */
export const MOST_ARRAYS = 7;
/** Results of this size or less may be computed side by side in one kernel. */
export const SMALL = 65_536;
/** Operations that may be repeated for every element of something larger. */
const CHEAP = 1;
/** Operations that one kernel should not exceed by fusing. */
const MOST_OPERATIONS = 48;

/** What becomes of a node. */
export interface Fate {
  /** Whether it is written to memory; otherwise it is computed wherever it is read. */
  kept: boolean;
  /** What its kernel, or the part of a kernel that computes it, reads from memory. */
  reads: ReadonlySet<Source>;
  /** How many kernels have to run before its own. */
  level: number;
}

export const isNode = (source: Source): source is Node => "write" in source;

/**
 * Decides which nodes are computed where they are read. A node is kept if it is wanted, if it is a sum, or if
 * computing it again wherever it is read would cost more than reading it.
 */
export function fates(
  wanted: ReadonlySet<Node>,
  constant: (source: Source) => boolean,
): Map<Node, Fate> {
  const order = inOrder(wanted);
  const readers = readersOf(order);
  const result = new Map<Node, Fate>();
  const work = new Map<Node, number>();
  for (const node of order) {
    const { reads, operations } = gather(node, result, work, constant);
    const fate: Fate = { kept: !node.pointwise || wanted.has(node), reads, level: 0 };
    fate.kept ||= worthKeeping(node, operations, readers.get(node) ?? []);
    result.set(node, fate);
    work.set(node, operations);
  }
  // A later reader may have had an input kept that earlier ones counted as part of themselves.
  for (const node of order) {
    const fate = result.get(node)!;
    fate.reads = readsOf(node, result, constant);
    fate.level = 1 + Math.max(0, ...[...fate.reads].map((r) => levelOf(r, result)));
  }
  return result;
}

function levelOf(source: Source, fate: ReadonlyMap<Node, Fate>): number {
  return isNode(source) ? fate.get(source)!.level : 0;
}

function readsOf(
  node: Node,
  fate: ReadonlyMap<Node, Fate>,
  constant: (source: Source) => boolean,
): ReadonlySet<Source> {
  const reads = new Set<Source>();
  for (const input of node.inputs) {
    if (constant(input)) continue;
    if (!isNode(input) || fate.get(input)!.kept) reads.add(input);
    else for (const read of fate.get(input)!.reads) reads.add(read);
  }
  return reads;
}

/** Every node that the wanted ones need, inputs before what reads them. */
function inOrder(wanted: ReadonlySet<Node>): Node[] {
  const seen = new Set<Node>();
  const order: Node[] = [];
  // Without recursion: a step of training is a graph some thousand nodes deep.
  for (const root of wanted) {
    const stack: { node: Node; next: number }[] = [{ node: root, next: 0 }];
    if (seen.has(root)) continue;
    seen.add(root);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const input = top.node.inputs[top.next++];
      if (input === undefined) order.push(stack.pop()!.node);
      else if (isNode(input) && !seen.has(input)) {
        seen.add(input);
        stack.push({ node: input, next: 0 });
      }
    }
  }
  return order;
}

function readersOf(order: readonly Node[]): Map<Node, Node[]> {
  const readers = new Map<Node, Node[]>();
  for (const node of order) {
    for (const input of new Set(node.inputs)) {
      if (!isNode(input)) continue;
      const list = readers.get(input);
      if (list) list.push(node);
      else readers.set(input, [node]);
    }
  }
  return readers;
}

/** What a node's kernel would read and do; keeps inputs that make it too large. */
function gather(
  node: Node,
  fate: ReadonlyMap<Node, Fate>,
  work: ReadonlyMap<Node, number>,
  constant: (source: Source) => boolean,
): { reads: ReadonlySet<Source>; operations: number } {
  for (;;) {
    const reads = readsOf(node, fate, constant);
    const within = [...new Set(node.inputs)].filter(isNode).filter((n) => !fate.get(n)!.kept);
    const operations = within.reduce((sum, n) => sum + work.get(n)!, node.operations ?? 1);
    const tooLarge = reads.size > MOST_ARRAYS || operations > MOST_OPERATIONS;
    if (!tooLarge || within.length === 0) return { reads, operations };
    const size = (n: Node): number => fate.get(n)!.reads.size;
    fate.get(within.reduce((a, b) => (size(b) > size(a) ? b : a)))!.kept = true;
  }
}

function worthKeeping(node: Node, operations: number, readers: readonly Node[]): boolean {
  if (operations <= CHEAP) {
    // One reader of many elements per result, such as a product of matrices, would repeat even that.
    return operations > 0 && readers.some((r) => !r.pointwise && !r.readsOnce);
  }
  if (readers.length > 1 && node.size > SMALL) return true;
  return readers.some((r) => {
    if (!r.pointwise && !r.readsOnce) return true;
    return reach(r) >= 4 * node.size;
  });
}

/** How many elements a node visits. */
function reach(node: Node): number {
  if (node.pointwise) return node.size;
  return node.inputs.reduce((most, { size }) => Math.max(most, size), node.size);
}
