import { full, ones, ValueError, zeros } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { domainSpecificBatchNorm } from "@evenkeel/domain-norm";
import { crossEntropy, Linear, SGD } from "@evenkeel/nn";
import { evaluation } from "@evenkeel/norm-core";

const bn = batchNorm({ numFeatures: 3 });
const { params, state } = bn.init();

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

// NaN in the input: it never reaches the running statistics.
refused(
  ValueError,
  () => bn.apply(full([4, 3], Number.NaN), params, state),
  "batchNorm: expected a finite running mean, got NaN in channel 0. Look for " +
    "NaN, Infinity or huge numbers in the input; the state was left as it was.",
);

// A mask that leaves nothing.
refused(
  ValueError,
  () => bn.apply(zeros([4, 3]), params, state, { condition: { mask: zeros([4]) } }),
  "batchNorm mask: expected weights >= 0 that leave more than one value for " +
    "each statistic, got a total weight of 0.",
);

// A class that there is not.
refused(
  ValueError,
  () => crossEntropy(zeros([2, 3]), [0, 3]),
  "crossEntropy: expected class ids from 0 to 2, got 3 at position 1.",
);

// Statistics that nothing was collected for.
const domains = domainSpecificBatchNorm({ numFeatures: 3, numDomains: 2 });
const fresh = domains.init();
refused(
  ValueError,
  () =>
    domains.apply(ones([4, 3]), fresh.params, fresh.state, {
      mode: evaluation,
      condition: { domain: 1 },
    }),
  "domainSpecificBatchNorm: expected running statistics of domain 1, got a " +
    "domain that no batch went through. Train on it, or run its samples in " +
    "training mode to collect them, or name another domain.",
);

// A gradient that overflowed: the step is refused, and nothing was changed.
const layer = new Linear({ inFeatures: 2, outFeatures: 2, seed: 1 });
const optimizer = new SGD(layer, { lr: 0.1 });
refused(
  ValueError,
  () => optimizer.step({ weight: full([2, 2], Infinity) }),
  "SGD.step: expected a finite gradient of weight, got Infinity at element 0. " +
    "The loss overflowed: lower the learning rate or clip gradients.",
);
