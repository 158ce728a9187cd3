import {
  grad,
  mean,
  mul,
  random,
  square,
  sum,
  type Tensor,
  valueAndGrad,
} from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";

// Functions of nested arguments, as in jax; no .ref: a tensor may be used as often as you like.
interface Params {
  readonly w: Tensor;
  readonly bn: Record<string, Tensor>;
}
const bn = batchNorm({ numFeatures: 4 });
const { params, state } = bn.init();
const x = random(1).normal([16, 4]);

const loss = (p: Params, input: Tensor): readonly [Tensor, typeof state] => {
  const { output, state: next } = bn.apply(mul(input, p.w), p.bn, state);
  return [mean(square(output)), next]; // the running statistics come out beside the loss
};
const start: Params = { w: random(2).normal([4]), bn: params };
const { value, grads, aux } = valueAndGrad(loss, { hasAux: true })(start, x);
console.log(value.item(), grads.w.shape, Object.keys(grads.bn), Object.keys(aux));

// Gradients of gradients: nest grad.
const f = (t: Tensor): Tensor => sum(mul(t, mul(t, t)));
const second = grad((t: Tensor) => sum(grad(f)(t)));
console.log(second(x).data[0], 6 * x.data[0]!);
if (Math.abs(second(x).data[0]! - 6 * x.data[0]!) > 1e-5) throw new Error("6x");
if (aux["numBatchesTracked"]?.item() !== 1) throw new Error("one batch");
