import { grad, random, square, sub, sum } from "@evenkeel/autodiff";
import { sandwichBatchNorm } from "@evenkeel/sandwich-norm";

// Feature maps of eight samples, of classes 0 and 1 in turns.
const x = random(1).normal([8, 3, 4, 4]);
const classes = [0, 1, 0, 1, 0, 1, 0, 1];

const norm = sandwichBatchNorm({ numFeatures: 3, numClasses: 10 });
const { params, state } = norm.init({ random: random(2) });
const { output } = norm.apply(x, params, state, { condition: { classes } });

// Classes start nearly alike: their gammas are drawn around 1 with deviation 0.02.
const other = norm.apply(x, params, state, { condition: { classes: classes.map(() => 7) } });
const gap = Math.max(...sub(output, other.output).data.map(Math.abs));
console.log("largest difference to class 7", gap);

// All samples train the shared affine; a class's rows are trained by its own samples alone.
const loss = (p: typeof params) =>
  sum(square(norm.apply(x, p, state, { condition: { classes } }).output));
const { gammaEmbed, sharedGamma } = grad(loss)(params);
console.log("gradient of the shared gamma", sharedGamma?.toArray());
const rows = [0, 1, 2].map((k) => [...gammaEmbed!.data.slice(3 * k, 3 * k + 3)]);
console.log("gradients of gammas 0 to 2", rows);
if (rows[2]!.some((v) => v !== 0) || rows[0]!.some((v) => v === 0)) throw new Error("rows");
