import { random, sum } from "@evenkeel/autodiff";
import { sandwichBatchNormNas } from "@evenkeel/sandwich-norm";

// An edge that leaves node 2 of a cell: two nodes feed it, each through one of five operations.
const norm = sandwichBatchNormNas({ numFeatures: 3, numPrevOps: 5, numPrevNodes: 2 });
const { params, state } = norm.init({ random: random(1) });
console.log("rows of the tables", params["gammaEmbed"]?.shape[0]);

// A search samples operations anew for each batch; statistics are kept for each choice.
const stream = random(2);
let next = state;
for (let step = 0; step < 50; step++) {
  const prevOps = [stream.integer(5), stream.integer(5)];
  const x = stream.normal([4, 3, 4, 4], { mean: prevOps[0]! });
  next = norm.apply(x, params, next, { condition: { prevOps } }).state;
}
const seen = next["numBatchesTracked"]!;
console.log("batches per choice", seen.toArray());
if (sum(seen).item() !== 50) throw new Error("each batch belongs to one choice");
