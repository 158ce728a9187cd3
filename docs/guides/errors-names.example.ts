import { EvenkeelError, ones, sum, zeros } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { gradients, Linear, norm, Sequential, SGD } from "@evenkeel/nn";

const linear = new Linear({ inFeatures: 2, outFeatures: 2, seed: 1 });
const model = new Sequential(linear, norm(batchNorm, { numFeatures: 2 }));

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

// Names that a checkpoint and a model do not share.
refused(
  EvenkeelError,
  () => model.loadStateDict({ ...model.stateDict(), "1.runing_mean": zeros([2]) }),
  "loadStateDict: expected exactly the model's names, got unknown " +
    "1.runing_mean. Did you mean 1.running_mean? Pass { strict: false } to load " +
    "what fits.",
);
refused(
  EvenkeelError,
  () => new SGD(model, { lr: 0.1 }).step({ "0.wight": zeros([2, 2]) }),
  'SGD.step: expected names of the model\'s parameters, got "0.wight". Did you ' + "mean 0.weight?",
);

// A parameter replaced while its gradient is taken.
refused(
  EvenkeelError,
  () =>
    gradients(model, () => {
      linear.weight.replace(zeros([2, 2]));
      return sum(model.forward(ones([4, 2])));
    }),
  "replace: expected a value to stay as it is while its gradient is taken, got " +
    "a new value. Replace parameters after gradients(...) has returned.",
);
