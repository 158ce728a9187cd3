import type { OpSpec } from "./op.ts";
import type { Tensor } from "./tensor.ts";

/** One op that ran on a watched tensor. */
export interface TapeNode {
  readonly op: Pick<OpSpec<unknown>, "name" | "vjp">;
  readonly inputs: readonly Tensor[];
  readonly params: unknown;
  readonly output: Tensor;
}

/**
 * What ran since the outermost `grad` began, in order. Nested `grad`s share it: an inner one sweeps
 * the part behind its own start, and the ops of that sweep are recorded for the outer one.
 */
interface Tape {
  nodes: TapeNode[];
  /** How many `grad`s are recording. */
  depth: number;
  /** Names this recording on the tensors that depend on a watched one. */
  session: number;
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

/** @internal From now on ops on `t` are recorded. */
export function watch(t: Tensor): void {
  t.session = tape.session;
}

/** @internal Notes that `output` came from `inputs`, if any of them is watched. */
export function record(
  op: TapeNode["op"],
  inputs: readonly Tensor[],
  params: unknown,
  output: Tensor,
): void {
  if (tape.depth === 0) return;
  for (const t of inputs) {
    if (t.session !== tape.session) continue;
    tape.nodes.push({ op, inputs, params, output });
    output.session = tape.session;
    return;
  }
}

/** @internal Runs `fn` recording and returns its result and the ops it ran. */
export function recordWhile<R>(fn: () => R): {
  readonly result: R;
  readonly nodes: readonly TapeNode[];
} {
  const start = tape.nodes.length;
  tape.depth++;
  try {
    const result = fn();
    return { result, nodes: tape.nodes.slice(start) };
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
