import { anyCase, type OpCase } from "@evenkeel/testkit";
import { conv2dCase } from "./conv2d.case.ts";
import { crossEntropyOfIdsCase, crossEntropyOfProbabilitiesCase } from "./cross-entropy.case.ts";
import { geluCase } from "./gelu.case.ts";
import { avgPool2dCase, maxPool2dCase } from "./pool2d.case.ts";

/** Every op of nn, for the test suites of backends; needs `@evenkeel/testkit` and fast-check beside it. */
export const opCases: readonly OpCase<unknown>[] = [
  anyCase(conv2dCase),
  anyCase(maxPool2dCase),
  anyCase(avgPool2dCase),
  anyCase(geluCase),
  anyCase(crossEntropyOfIdsCase),
  anyCase(crossEntropyOfProbabilitiesCase),
];
