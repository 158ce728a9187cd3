import type { Shape } from "@evenkeel/autodiff";

/** Text of a whole number in gpu.js's kernel language. */
export type Index = string;
/** Text of a number in gpu.js's kernel language. */
export type Num = string;

/** Writes the body of a kernel that computes one element of a result. */
export interface Writer {
  /**
   * Element `at` of an input: read from memory, or computed on the spot where the input is fused in.
   * An index out of bounds gives an unspecified number, never an error: choose with `? :`.
   */
  read(input: number, at: Index): Num;
  /** The k-th of the node's `scalars`; another value needs no other kernel. */
  scalar(k: number): Num;
  /** A name for a number, so that it is computed once. */
  bind(value: Num): Num;
  /** A name for a whole number, so that it is computed once. */
  place(at: Index): Index;
  /** A variable that starts at a number; change it with `assign`. */
  variable(start: Num): Num;
  assign(variable: Num, value: Num): void;
  /** Runs what `body` writes for i = 0 … count − 1. */
  loop(count: number, body: (i: Index) => void): void;
  /** Runs what `body` writes where the condition holds. */
  when(condition: string, body: () => void): void;
  /**
   * Index arithmetic as a function: `w.index("quotient(a, 12) * 4 + b", i, j)`; a, b, c, … are the arguments, all
   * whole numbers. `quotient(a, n)` and `remainder(a, n)` divide numbers >= 0 exactly; `/` and `%` do not.
   */
  index(body: string, ...at: readonly Index[]): Index;
  /** The function of numbers that a scalar rule is, applied. */
  apply(name: string, scalar: (...x: number[]) => number, x: readonly Num[]): Num;
}

/** One array to compute: a kernel of its own, or part of the kernels that read it. */
export interface Node {
  /** Elements of the result. */
  readonly size: number;
  readonly inputs: readonly Source[];
  /** Numbers that change from call to call. Default: none. */
  readonly scalars?: readonly number[];
  /**
   * Whether it may be computed where it is read. For rules without loops that read each input a few
   * times at most; sums and products of matrices are kernels of their own.
   */
  readonly pointwise: boolean;
  /** Arithmetic per element, for deciding what to compute again. Default: 1; 0 for what only moves numbers. */
  readonly operations?: number;
  /** Of sums: whether each element of the inputs is read about once in all. Default: false. */
  readonly readsOnce?: boolean;
  /** The element at flat position `at`. */
  write(w: Writer, at: Index): Num;
}

/** An array that something else filled, by the op it stands for. */
export interface Given {
  readonly given: number;
  readonly size: number;
}

/** What a node reads. */
export type Source = Node | Given;

/** An op in nodes, the last of which is its result. Steps between may be nodes of any size. */
export type Lowering<P = unknown> = (
  inputs: readonly Source[],
  call: { readonly shapes: readonly Shape[]; readonly out: Shape; readonly params: P },
) => Node;

/** An op on the GPU. */
export interface GpuOp<P = unknown> {
  readonly lower: Lowering<P>;
  /** The parameters that change from call to call, which `lower` takes as scalars in the same order. */
  scalars?(params: P): readonly number[];
}

/** For tables: forgets what an op's parameters are. */
export function gpuOp<P>(op: GpuOp<P>): GpuOp {
  return op as GpuOp;
}
