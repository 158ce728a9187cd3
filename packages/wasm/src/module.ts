type Address = number;

/** What the module exports; see `assembly/`. Lengths are in elements, addresses in bytes. */
export interface Exports {
  readonly add: Walk;
  readonly sub: Walk;
  readonly mul: Walk;
  readonly div: Walk;
  readonly gate: Walk;
  readonly where: Walk;
  readonly maximum: Walk;
  readonly minimum: Walk;
  readonly less: Walk;
  readonly greater: Walk;
  readonly equal: Walk;
  readonly pow: Walk;
  readonly exp: Each;
  readonly log: Each;
  readonly tanh: Each;
  readonly sigmoid: Each;
  readonly erf: Each;
  readonly sign: Each;
  readonly relu: Each;
  readonly neg: Each;
  readonly square: Each;
  readonly abs: Each;
  readonly sqrt: Each;
  readonly reciprocal: Each;
  readonly rsqrt: Each;
  readonly promote: Each;
  readonly demote: Each;
  readonly clear: (out: Address, bytes: number) => void;
  readonly zip64: Walk;
  readonly where64: Walk;
  readonly map64: (op: number, out: Address, x: Address, n: number) => void;
  readonly move32: (...numbers: readonly number[]) => void;
  readonly move64: (...numbers: readonly number[]) => void;
  readonly gather: (...numbers: readonly number[]) => void;
  readonly scatterAdd: (...numbers: readonly number[]) => void;
  readonly scatterAdd64: (...numbers: readonly number[]) => void;
  readonly crossEntropy: (...numbers: readonly number[]) => void;
  readonly crossEntropyGradient: (...numbers: readonly number[]) => void;
  readonly sum64: (...numbers: readonly number[]) => void;
  readonly sum: (...numbers: readonly number[]) => void;
  readonly maxOf: (...numbers: readonly number[]) => void;
  readonly combine: (...numbers: readonly number[]) => void;
  readonly secondMoment: (...numbers: readonly number[]) => void;
  readonly adamStep: (...numbers: readonly number[]) => void;
  readonly matmul: (...numbers: readonly number[]) => void;
  readonly matrixVector: (...numbers: readonly number[]) => void;
  readonly fewRows: (...numbers: readonly number[]) => void;
  readonly matmulScratch: (m: number, k: number, n: number) => number;
  readonly maxPool2d: (...numbers: readonly number[]) => void;
  readonly avgPool2d: (...numbers: readonly number[]) => void;
  readonly avgPool2dGradient: (...numbers: readonly number[]) => void;
  readonly pickPlaces: (...numbers: readonly number[]) => void;
  readonly putBackPlaces: (...numbers: readonly number[]) => void;
  readonly conv2dPlan: (...numbers: readonly number[]) => void;
  readonly conv2dTurn: (...numbers: readonly number[]) => void;
  readonly conv2dShared: (plan: Address) => number;
  readonly conv2dTables: (shared: Address, plan: Address) => void;
  readonly conv2dPack: (shared: Address, w: Address, plan: Address, across: number) => void;
  readonly conv2dRoom: (plan: Address) => number;
  readonly conv2d: (...numbers: readonly number[]) => void;
  readonly conv2dInputGradient: (...numbers: readonly number[]) => void;
  readonly conv2dStretches: (plan: Address) => number;
  readonly conv2dGradientRoom: (plan: Address) => number;
  readonly conv2dFilterGradient: (...numbers: readonly number[]) => void;
  readonly conv2dNarrowRoom: (plan: Address) => number;
  readonly conv2dNarrow: (...numbers: readonly number[]) => void;
  readonly conv2dNarrowGradient: (...numbers: readonly number[]) => void;
  readonly winogradItems: (plan: Address) => number;
  readonly winogradFiltersBytes: (plan: Address) => number;
  readonly winogradRoom: (plan: Address) => number;
  readonly winogradFilters: (u: Address, w: Address, plan: Address, room: Address) => number;
  readonly winograd: (...numbers: readonly number[]) => void;
  readonly winogradGradientRoom: (plan: Address) => number;
  readonly winogradGradient: (...numbers: readonly number[]) => void;
  readonly addParts: (out: Address, parts: Address, count: number, n: number) => void;
  readonly largest: (x: Address, n: number) => number;
  readonly planeMoments: (...numbers: readonly number[]) => void;
  readonly planeAffine: (...numbers: readonly number[]) => void;
  readonly planeSums: (...numbers: readonly number[]) => void;
  readonly planeCombine: (...numbers: readonly number[]) => void;
  readonly alongSums: (...numbers: readonly number[]) => void;
}
/** Addresses of out and inputs, three sizes, three steps per input. */
export type Walk = (...numbers: readonly number[]) => void;
export type Each = (out: Address, x: Address, n: number) => void;

/** An instance of the kernels over a memory. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
}
