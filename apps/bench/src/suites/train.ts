import type { TrainCase } from "../case.ts";
import { labCase, resnetCase } from "../networks/networks.ts";
import type { Suite } from "../suite.ts";

/**
 * One step of SGD with momentum, from the data to the next parameters. A single image is for the peers
 * that take minutes over a batch.
 */
export function trainSuite(): Suite<TrainCase> {
  return {
    name: "train",
    threads: [1, 2],
    races: [[resnetCase(32)], [resnetCase(1)], [labCase(32)]],
  };
}
