import { concat, random } from "@evenkeel/autodiff";
import { domainSpecificBatchNorm } from "@evenkeel/domain-norm";
import { evaluation } from "@evenkeel/norm-core";

const stream = random(1);
const photos = stream.normal([8, 3, 4, 4]);
const sketches = stream.normal([4, 3, 4, 4], { mean: 4, std: 0.3 });

const norm = domainSpecificBatchNorm({ numFeatures: 3, numDomains: 2 });
const { params, state } = norm.init();

// One batch with samples of both domains: each is normalized among its own.
const domain = [...Array<number>(8).fill(0), ...Array<number>(4).fill(1)];
const mixed = norm.apply(concat([photos, sketches], 0), params, state, { condition: { domain } });
console.log("running means of both domains", mixed.state["runningMean"]?.toArray());

// Or a whole batch of one domain.
const calm = norm.apply(sketches, params, mixed.state, {
  mode: evaluation,
  condition: { domain: 1 },
});
console.log("sketches by their own statistics", calm.output.shape);

// A domain that no batch went through has no statistics, and says so.
try {
  const half = norm.apply(photos, params, state, { condition: { domain: 0 } }).state;
  norm.apply(sketches, params, half, { mode: evaluation, condition: { domain: 1 } });
  throw new Error("it should have been refused");
} catch (error) {
  if (!(error as Error).message.includes("no batch went through")) throw error;
}
