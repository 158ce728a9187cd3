import type { Index, Node, Num, Source, Writer } from "./rule.ts";
import { divisions, functionOf, type KernelFunction } from "./scalar.ts";

/** A kernel as text: `main` is a function of arrays `b0, b1, …` and numbers `s0, s1, …`. */
export interface KernelText {
  readonly main: string;
  readonly functions: readonly KernelFunction[];
}

/** Where a kernel finds what it reads. */
export interface Places {
  /** The argument that holds an array, and how far in. */
  array(source: Source): { readonly argument: string; readonly offset: number };
  /** The argument that holds a number: a source that is a constant, or a node's k-th scalar. */
  number(source: Source, k: number): string;
  /** Whether a source is one number for all its elements. */
  constant(source: Source): boolean;
  /** Whether a node is computed where it is read. */
  fused(source: Source): source is Node;
}

/** A result and where it lies among those that one kernel computes side by side. */
export interface Part {
  readonly node: Node;
  readonly offset: number;
}

/** Writes the kernel that computes `parts`, which lie one behind the other. */
export function kernelText(parts: readonly Part[], args: () => string[], at: Places): KernelText {
  const text = new Body(at);
  const thread = "this.thread.x";
  for (const [i, { node, offset }] of parts.entries()) {
    const write = (): void =>
      text.result(node, offset === 0 ? thread : text.place(text.index(`a - ${offset}`, thread)));
    if (i === parts.length - 1) write();
    else text.when(`${thread} < ${offset + node.size}`, write);
  }
  return {
    main: `function (${args().join(", ")}) {\n${text.lines.join("\n")}\n}`,
    functions: text.needed(),
  };
}

/** The statements of one kernel. */
class Body {
  readonly lines: string[] = [];
  private readonly places: Places;
  private readonly functions = new Map<string, KernelFunction>();
  private readonly indices = new Map<string, string>();
  /** What is already computed, by node and position, in the blocks that are open. */
  private readonly known: Map<Node, Map<Index, Num>>[] = [new Map()];
  private names = 0;
  /** Elements of the largest array that has a part in the kernel. */
  private largest = 0;

  constructor(places: Places) {
    this.places = places;
  }

  needed(): readonly KernelFunction[] {
    return [...(this.indices.size > 0 ? divisions(this.largest) : []), ...this.functions.values()];
  }

  result(node: Node, at: Index): void {
    this.largest = Math.max(this.largest, node.size);
    this.lines.push(`return ${node.write(this.writerOf(node), at)};`);
  }

  private element(source: Source, at: Index): Num {
    this.largest = Math.max(this.largest, source.size);
    if (this.places.constant(source)) return this.places.number(source, 0);
    if (this.places.fused(source)) return this.computed(source, at);
    const { argument, offset } = this.places.array(source);
    const place = offset === 0 ? at : this.index(`a + ${offset}`, at);
    return `${argument}[${place}]`;
  }

  private computed(node: Node, at: Index): Num {
    for (const known of this.known) {
      const name = known.get(node)?.get(at);
      if (name !== undefined) return name;
    }
    const value = node.write(this.writerOf(node), at);
    const name = this.bind(value);
    const innermost = this.known.at(-1)!;
    const positions = innermost.get(node) ?? new Map<Index, Num>();
    innermost.set(node, positions.set(at, name));
    return name;
  }

  private writerOf(node: Node): Writer {
    return {
      read: (input, at) => this.element(node.inputs[input]!, at),
      scalar: (k) => this.places.number(node, k),
      bind: (value) => this.bind(value),
      place: (at) => this.place(at),
      variable: (start) => this.local("let", start),
      assign: (variable, value) => void this.lines.push(`${variable} = ${value};`),
      loop: (count, body) => this.loop(count, body),
      when: (condition, body) => this.when(condition, body),
      index: (body, ...at) => this.index(body, ...at),
      apply: (name, scalar, x) => {
        const f = functionOf(name, scalar);
        this.functions.set(f.name, f);
        return `${f.name}(${x.join(", ")})`;
      },
    };
  }

  private bind(value: Num): Num {
    return /^\w+$/.test(value) ? value : this.local("const", value);
  }

  place(at: Index): Index {
    if (/^[\w.]+$/.test(at)) return at;
    const name = `p${this.names++}`;
    // Counting makes a variable a whole number to gpu.js, which takes all others for floats.
    this.lines.push(`let ${name} = 0; ${name}++; ${name} = ${at};`);
    return name;
  }

  private local(kind: "const" | "let", value: Num): Num {
    const name = `v${this.names++}`;
    this.lines.push(`${kind} ${name} = ${value};`);
    return name;
  }

  private loop(count: number, body: (i: Index) => void): void {
    if (count < 2) {
      if (count === 1) body("0");
      return;
    }
    const i = `i${this.names++}`;
    this.lines.push(`for (let ${i} = 0; ${i} < ${count}; ${i}++) {`);
    this.block(() => body(i));
  }

  when(condition: string, body: () => void): void {
    this.lines.push(`if (${condition}) {`);
    this.block(body);
  }

  private block(body: () => void): void {
    this.known.push(new Map());
    body();
    this.known.pop();
    this.lines.push("}");
  }

  index(body: string, ...at: readonly Index[]): Index {
    if (body === "a") return at[0]!;
    const key = `${at.length} ${body}`;
    const name = this.indices.get(key) ?? `m${this.indices.size}`;
    this.indices.set(key, name);
    const parameters = at.map((_, i) => String.fromCharCode(97 + i));
    this.functions.set(name, { name, parameters, body: `return ${body};`, whole: true });
    return `${name}(${at.join(", ")})`;
  }
}
