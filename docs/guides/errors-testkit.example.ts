import { EvenkeelError, mul, stopGradient, type Tensor, tensor } from "@evenkeel/autodiff";
import { checkGradients, expectClose, GradientError, MismatchError } from "@evenkeel/testkit";

// Two numbers that should agree and do not.
try {
  expectClose("y", tensor([1, 2]), tensor([1, 3]), 1e-6);
} catch (error) {
  if (!(error instanceof MismatchError)) throw error;
  console.log(`${error.name}: ${error.message}`);
}

// A derivative that is wrong: one factor counts as a constant. The figures are on the error.
try {
  const x = tensor([0.3, -0.7], { dtype: "float64" });
  checkGradients((t: Tensor) => mul(t, stopGradient(t)), x);
} catch (error) {
  if (!(error instanceof GradientError)) throw error;
  console.log(`${error.name}: ${error.message}`);
  const { order, verdict, relativeError } = error.figures;
  console.log({ order, verdict, relativeError });
  if (verdict !== "wrong") throw error;
}

// The parts of every message, so that a program need not parse it.
try {
  expectClose("y", tensor([1]), tensor([2]), 1e-6);
} catch (error) {
  if (error instanceof EvenkeelError) console.log(error.detail);
}
