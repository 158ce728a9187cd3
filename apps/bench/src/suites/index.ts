import type { BenchCase } from "../case.ts";
import type { Suite } from "../suite.ts";
import { nnSuite } from "./nn.ts";
import { normSuite } from "./norm.ts";
import { overheadSuite } from "./overhead.ts";
import { trainSuite } from "./train.ts";

/** The suites that are races between engines. */
export const suites: Readonly<Record<string, () => Suite<BenchCase>>> = {
  norm: normSuite,
  nn: nnSuite,
  train: trainSuite,
  overhead: overheadSuite,
};

/** The one that looks at memory instead. */
export const memory = "memory";

/** In the order in which they run: what a leak adds would drown in what other suites leave behind. */
export const suiteNames: readonly string[] = [memory, ...Object.keys(suites)];
