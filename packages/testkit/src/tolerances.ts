/** How far a backend's float32 may be from float64. */
export interface BackendTolerance {
  readonly output: number;
  readonly gradient: number;
}

/** The table below. */
export interface Tolerances {
  /** Analytic derivative against finite differences along a direction, float64, by order. */
  readonly gradient: Readonly<Record<1 | 2 | 3, number>>;
  /** float64 against the plain loops of a reference: only the order of summation differs. */
  readonly reference: number;
  /** float64 against golden files. */
  readonly golden: number;
  /** Functions like exp in float32 against float64: that many units in the last place, over all numbers. */
  readonly units: number;
  /** float32 on a backend against float64 on the CPU. */
  readonly backends: Readonly<Record<"cpu", BackendTolerance> & Record<string, BackendTolerance>>;
}

/**
 * Every tolerance of the project, in one place: a test names a row of this table, never a number.
 * All are relative to the largest entry of what is expected (in suites, to 1 where that is smaller),
 * those of gradients also to the size of the terms that are summed; `units` is each number's own.
 */
export const tolerances: Tolerances = {
  gradient: { 1: 1e-7, 2: 1e-6, 3: 1e-5 },
  reference: 1e-10,
  golden: 1e-9,
  units: 3,
  backends: {
    cpu: { output: 2e-5, gradient: 2e-4 },
    wasm: { output: 2e-5, gradient: 2e-4 },
    gpu: { output: 1e-4, gradient: 1e-3 },
  },
};

/** The row of a backend; one that has none is held to the CPU's. */
export function backendTolerance(name: string): BackendTolerance {
  return tolerances.backends[name] ?? tolerances.backends.cpu;
}
