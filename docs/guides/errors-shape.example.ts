import { add, grad, mul, ShapeError, type Tensor, zeros } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";

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

// Channels last.
refused(
  ShapeError,
  () => bn.apply(zeros([2, 4, 4, 3]), params, state),
  "batchNorm: expected x with 3 channels on axis 1, got shape [2, 4, 4, 3]. Or " +
    "pass channelAxis: 3.",
);

// A batch of one, with one value per channel.
refused(
  ShapeError,
  () => bn.apply(zeros([1, 3]), params, state),
  "batchNorm: expected more than one value for each statistic, got shape [1, " +
    "3]. Use larger batches, evaluation mode, or group norm.",
);

// Shapes and dtypes of an op.
refused(
  ShapeError,
  () => add(zeros([4, 3]), zeros([2])),
  "add: expected shapes that broadcast (equal sizes or 1, aligned at the last " +
    "axis), got [4, 3] and [2].",
);
refused(
  ShapeError,
  () => add(zeros([2], { dtype: "float64" }), zeros([2])),
  "add: expected tensors of one dtype, got float64 and float32. Convert one " +
    'with cast(x, "float64").',
);

// A loss that is not one number.
refused(
  ShapeError,
  () => grad((x: Tensor) => mul(x, 2))(zeros([3])),
  "grad: expected a loss of one element, got shape [3]. Reduce it with sum or " +
    "mean, or use vjp for a gradient of your own.",
);
