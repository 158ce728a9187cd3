import { ones, ReleasedError, scope, square, type Tensor } from "@evenkeel/autodiff";
import { Linear, SGD } from "@evenkeel/nn";

const gone = (shape: string): string =>
  `data: expected a tensor that is still in memory, got one of shape ${shape} that was released. ` +
  "Return it from the function given to grad, valueAndGrad or scope, or keep() it there; " +
  "read a parameter's value anew at every step.";

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

// Smuggled out of a scope.
const lost: Tensor[] = [];
scope(() => void lost.push(square(ones([3]))));
refused(ReleasedError, () => lost[0]!.data, gone("[3]"));

// A parameter's value, held over a step of the optimizer.
const layer = new Linear({ inFeatures: 2, outFeatures: 2, seed: 1 });
const held = layer.weight.value;
new SGD(layer, { lr: 0.1 }).step({ weight: ones([2, 2]) });
refused(ReleasedError, () => held.data, gone("[2, 2]"));
