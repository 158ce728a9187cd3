import type { OpSpec } from "./op.ts";
import type { Tensor } from "./tensor.ts";

/** One op that ran on a watched tensor. */
export interface TapeNode {
  readonly op: Pick<OpSpec<unknown>, "name" | "vjp" | "scalar">;
  readonly inputs: readonly Tensor[];
  readonly params: unknown;
  readonly output: Tensor;
}

/**
 * What ran since the outermost `grad` began, in order. Nested `grad`s share it: an inner one sweeps
 * the part behind its own start, and the ops of that sweep are recorded for the outer one.
 */
interface Tape {
  readonly nodes: TapeNode[];
  /** How many `grad`s are recording. */
  depth: number;
  /** Names this recording on the tensors that depend on a watched one. */
  readonly session: number;
}

/** The part of a tape that one `grad` recorded. */
export interface Stretch extends Pick<Tape, "nodes" | "session"> {
  readonly start: number;
  readonly end: number;
}

let sessions = 0;
let tape: Tape = newTape();

function newTape(): Tape {
  return { nodes: [], depth: 0, session: ++sessions };
}

/** Whether some `grad` is recording now. In a `vjp` rule: whether its result will be differentiated. */
export function recording(): boolean {
  return tape.depth > 0;
}

/** @internal Notes that `output` came from `inputs`: from now on ops on it are recorded. */
export function enter(
  op: TapeNode["op"],
  inputs: readonly Tensor[],
  params: unknown,
  output: Tensor,
): void {
  output.session = tape.session;
  output.position = tape.nodes.length;
  tape.nodes.push({ op, inputs, params, output });
}

/** @internal `enter`, if any of the inputs depends on a watched tensor. */
export const record: typeof enter = (op, inputs, params, output) => {
  if (tape.depth === 0) return;
  for (const t of inputs) {
    if (t.session === tape.session) return enter(op, inputs, params, output);
  }
};

/** @internal Runs `fn` recording and returns its result and the ops it ran. */
export function recordWhile<R>(fn: () => R): { readonly result: R; readonly stretch: Stretch } {
  const { nodes, session } = tape;
  const start = nodes.length;
  tape.depth++;
  try {
    const result = fn();
    return { result, stretch: { nodes, session, start, end: nodes.length } };
  } finally {
    if (--tape.depth === 0) tape = newTape();
  }
}

/** @internal Runs `fn` as if nothing were being recorded. */
export function unrecorded<R>(fn: () => R): R {
  const held = tape;
  tape = newTape();
  try {
    return fn();
  } finally {
    tape = held;
  }
}
