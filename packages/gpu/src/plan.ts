import { type Fate, fates, isNode, MOST_ARRAYS, SMALL } from "./fusion.ts";
import type { Node, Source } from "./rule.ts";
import { type KernelText, kernelText, type Part, type Places } from "./writer.ts";

/** An array that a plan is given: where it lies in a block, or one number for all elements. */
export type Input =
  | { readonly block: number; readonly offset: number; readonly size: number }
  | { readonly constant: true };

/** A number that changes from call to call: an input that is a constant, or an op's k-th scalar. */
export type ScalarRef = { readonly input: number } | { readonly node: Node; readonly k: number };

/** One kernel of a plan. Blocks count on from the inputs' own. */
export interface Launch {
  readonly text: KernelText;
  readonly size: number;
  readonly blocks: readonly number[];
  readonly scalars: readonly ScalarRef[];
  /** The block that it fills. */
  readonly fills: number;
}

/** Kernels in the order in which they run. */
export interface Plan {
  readonly launches: readonly Launch[];
  /** Where each wanted node is at the end. */
  place(node: Node): { readonly block: number; readonly offset: number };
  /** Per launch: the blocks that nothing needs after it. */
  readonly unused: readonly (readonly number[])[];
}

interface Spot {
  readonly block: number;
  readonly offset: number;
}

/** Plans the kernels that compute the wanted nodes from the inputs. */
export function makePlan(
  wanted: ReadonlySet<Node>,
  inputs: readonly Input[],
  blocks: number,
): Plan {
  return new Planner(wanted, inputs, blocks).plan();
}

class Planner {
  private readonly spots = new Map<Source, Spot>();
  private readonly launches: Launch[] = [];
  private readonly fate: Map<Node, Fate>;
  private readonly wanted: ReadonlySet<Node>;
  private readonly inputs: readonly Input[];
  private blocks: number;

  constructor(wanted: ReadonlySet<Node>, inputs: readonly Input[], blocks: number) {
    this.wanted = wanted;
    this.inputs = inputs;
    this.blocks = blocks;
    this.fate = fates(wanted, (source) => this.isConstant(source));
  }

  plan(): Plan {
    for (const group of groups(this.fate)) this.launch(group);
    const lastUse = new Map<number, number>();
    this.launches.forEach((launch, i) => {
      for (const block of [...launch.blocks, launch.fills]) lastUse.set(block, i);
    });
    for (const node of this.wanted) lastUse.delete(this.spots.get(node)!.block);
    const unused: number[][] = this.launches.map(() => []);
    for (const [block, i] of lastUse) unused[i]!.push(block);
    return { launches: this.launches, unused, place: (node) => this.spots.get(node)! };
  }

  private isConstant(source: Source): boolean {
    return !isNode(source) && "constant" in this.inputs[source.given]!;
  }

  private spotOf(source: Source): Spot {
    const spot = this.spots.get(source) ?? (isNode(source) ? undefined : this.inputs[source.given]);
    return spot as Spot;
  }

  /** One launch, or several where they would read too many arrays. */
  private launch(group: readonly Node[]): void {
    let rest = group;
    while (rest.length > 0) {
      let count = 0;
      const blocks = new Set<number>();
      for (const node of rest) {
        const more = this.blocksOf([node]);
        if (count > 0 && new Set([...blocks, ...more]).size > MOST_ARRAYS) break;
        for (const block of more) blocks.add(block);
        count++;
      }
      const now = rest.slice(0, count);
      if (blocks.size > MOST_ARRAYS) this.bundle(now[0]!);
      this.write(now);
      rest = rest.slice(count);
    }
  }

  private blocksOf(nodes: readonly Node[]): Set<number> {
    const blocks = new Set<number>();
    for (const node of nodes) {
      for (const read of this.fate.get(node)!.reads) blocks.add(this.spotOf(read).block);
    }
    return blocks;
  }

  /** Copies small arrays that a node reads into one block, until it reads few enough. */
  private bundle(node: Node): void {
    const reads = [...this.fate.get(node)!.reads].sort((a, b) => a.size - b.size);
    while (this.blocksOf([node]).size > MOST_ARRAYS) {
      const chosen = new Set<number>();
      const together: Source[] = [];
      for (const read of reads) {
        const { block } = this.spotOf(read);
        if (chosen.has(block) || chosen.size < MOST_ARRAYS) {
          chosen.add(block);
          together.push(read);
        }
      }
      const copies = together.map(copyOf);
      for (const copy of copies) {
        this.fate.set(copy, { kept: true, reads: new Set(copy.inputs), level: 0 });
      }
      this.write(copies);
      // From here on what read the originals finds the copies.
      together.forEach((source, i) => {
        this.spots.set(source, this.spots.get(copies[i]!)!);
      });
    }
  }

  private write(nodes: readonly Node[]): void {
    const parts: Part[] = [];
    let size = 0;
    for (const node of nodes) {
      parts.push({ node, offset: size });
      size += node.size;
    }
    const fills = this.blocks++;
    const args = new Arguments((source) => this.spotOf(source));
    const places: Places = {
      constant: (source) => this.isConstant(source),
      fused: (source): source is Node => isNode(source) && !this.fate.get(source)!.kept,
      array: (source) => args.array(source),
      number: (source, k) =>
        args.number(isNode(source) ? { node: source, k } : { input: source.given }),
    };
    const text = kernelText(parts, () => args.names(), places);
    for (const { node, offset } of parts) this.spots.set(node, { block: fills, offset });
    this.launches.push({ text, size, fills, blocks: args.blocks, scalars: args.scalars });
  }
}

/** The arguments of a kernel, in the order in which its text came to need them. */
class Arguments {
  readonly blocks: number[] = [];
  readonly scalars: ScalarRef[] = [];
  private readonly spotOf: (source: Source) => Spot;

  constructor(spotOf: (source: Source) => Spot) {
    this.spotOf = spotOf;
  }

  names(): string[] {
    return [...this.blocks.map((_, i) => `b${i}`), ...this.scalars.map((_, i) => `s${i}`)];
  }

  array(source: Source): { argument: string; offset: number } {
    const { block, offset } = this.spotOf(source);
    let i = this.blocks.indexOf(block);
    if (i < 0) i = this.blocks.push(block) - 1;
    return { argument: `b${i}`, offset };
  }

  number(ref: ScalarRef): string {
    let i = this.scalars.findIndex((s) =>
      "input" in s
        ? "input" in ref && s.input === ref.input
        : "node" in ref && s.node === ref.node && s.k === ref.k,
    );
    if (i < 0) i = this.scalars.push(ref) - 1;
    return `s${i}`;
  }
}

function copyOf(source: Source): Node {
  return {
    size: source.size,
    inputs: [source],
    pointwise: true,
    operations: 0,
    write: (w, at) => w.read(0, at),
  };
}

/** The nodes of each launch, in an order in which all they read has been computed. */
function groups(fate: ReadonlyMap<Node, Fate>): readonly (readonly Node[])[] {
  const kept = [...fate].filter(([, { kept }]) => kept);
  const read = new Set<Source>(kept.flatMap(([, { reads }]) => [...reads]));
  const packs = (node: Node): boolean => node.size <= SMALL;
  const packed = kept.filter(([node]) => packs(node));
  const last = Math.max(0, ...packed.map(([, { level }]) => level));
  const byLevel = new Map<number, Node[][]>();
  const add = (level: number, group: Node[]): void => {
    byLevel.set(level, [...(byLevel.get(level) ?? []), group]);
  };
  const small = new Map<number, Node[]>();
  for (const [node, { level }] of kept) {
    if (!packs(node)) add(level, [node]);
    else {
      // What nothing reads can wait for company, unless it keeps something large waiting.
      const when = read.has(node) || !node.pointwise ? level : last;
      const group = small.get(when) ?? [];
      if (group.length === 0) {
        small.set(when, group);
        add(when, group);
      }
      group.push(node);
    }
  }
  return [...byLevel.keys()].sort((a, b) => a - b).flatMap((level) => byLevel.get(level)!);
}
