// Runs in a folder where nothing but one family is installed, in the oldest Node: no sources, no tools.
import {
  matmul,
  mean,
  mul,
  random,
  relu,
  square,
  sub,
  tensor,
  valueAndGrad,
} from "@evenkeel/autodiff";
import { evaluation, training } from "@evenkeel/norm-core";
import { sandwichBatchNorm } from "@evenkeel/sandwich-norm";

// Points far from the origin, told apart by their first coordinate: one way in one class, the other in the other.
const stream = random(1);
const ids = Array.from({ length: 64 }, (_, n) => n);
const classes = ids.map((n) => n % 2);
const targets = ids.map((n) => (n % 4 < 2 ? 1 : -1));
const x = tensor(
  stream.normal([64, 4], { mean: 50 }).data.map((v, i) => {
    const n = Math.floor(i / 4);
    return i % 4 > 0 ? v : v + 2 * targets[n] * (2 * classes[n] - 1);
  }),
  { shape: [64, 4] },
);
const target = tensor(targets.map((t) => [t]));

const norm = sandwichBatchNorm({ numFeatures: 16, numClasses: 2, momentum: 0.5 });
let { params, state } = norm.init();
let first = stream.normal([4, 16], { std: 0.5 });
let last = stream.normal([16, 1], { std: 0.5 });

function lossOf([first, params, last], mode = training) {
  const condition = { classes };
  const hidden = norm.apply(matmul(x, first), params, state, { mode, condition });
  return [mean(square(sub(matmul(relu(hidden.output), last), target))), hidden.state];
}

const losses = [];
for (let step = 0; step < 100; step++) {
  const { value, grads, aux } = valueAndGrad(lossOf, { hasAux: true })([first, params, last]);
  const moved = (t, g) => sub(t, mul(0.05, g));
  const named = Object.entries(params).map(([name, t]) => [name, moved(t, grads[1][name])]);
  [first, last] = [moved(first, grads[0]), moved(last, grads[2])];
  [params, state] = [Object.fromEntries(named), aux];
  losses.push(value.item());
}
const [before, after] = [losses[0], losses.at(-1)];
const evaluated = lossOf([first, params, last], evaluation)[0].item();
const shown = [before, after, evaluated].map((loss) => loss.toFixed(3));
console.log(
  `Node ${process.versions.node}: loss ${shown[0]} at first, ${shown[1]} after ${losses.length} steps, ` +
    `${shown[2]} with running statistics`,
);
if (!(after < before / 3 && evaluated < before / 3)) {
  throw new Error(
    "Training with the installed packages should have brought the loss down by two thirds.",
  );
}
