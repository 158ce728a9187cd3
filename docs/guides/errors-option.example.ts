import { OptionError, scope } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { groupNorm } from "@evenkeel/group-norm";
import { wasm } from "@evenkeel/wasm";

/** Runs what must fail, and shows how. */
function refused(Kind: new (detail: never) => Error, run: () => unknown, message: string): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof Kind)) throw error;
    console.log(`${error.name}: ${error.message}`);
    if (error.message !== message) throw new Error(`the page says: ${message}`);
    return;
  }
  throw new Error("nothing was refused");
}

// A misspelt name. TypeScript sees it, too; a configuration file does not.
refused(
  OptionError,
  () => batchNorm({ numFeature: 3 } as never),
  "batchNorm: expected options among numFeatures, eps, momentum, " +
    "trackRunningStats, channelAxis, unbiasedRunningVar, affine, got " +
    '"numFeature". Did you mean numFeatures?',
);

// A value outside its domain.
refused(
  OptionError,
  () => batchNorm({ numFeatures: 3, momentum: 2 }),
  "batchNorm momentum: expected a number from 0 to 1, or null for a cumulative " +
    "average, got 2.",
);

// Options that do not fit together.
refused(
  OptionError,
  () => groupNorm({ numGroups: 3, numChannels: 8 }),
  "groupNorm: expected numGroups that divides numChannels 8, got 3. Take one " + "of 1, 2, 4, 8.",
);
refused(
  OptionError,
  () => wasm({ threads: 64 }),
  'wasm: expected threads to be a whole number from 1 to 32, or "auto", got 64.',
);

// Memory is given back when the function returns, so it must not be at work still.
refused(
  OptionError,
  () => scope(async () => 1),
  "scope: expected a synchronous function, got a Promise. Await outside: " +
    "memory is given back when the function returns.",
);
