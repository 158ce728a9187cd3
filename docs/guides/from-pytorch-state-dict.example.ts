import { tensor } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { Linear, norm, ReLU, Sequential } from "@evenkeel/nn";

// What this printed, after five steps of SGD:
//   json.dumps({k: {"shape": list(v.shape), "data": v.double().flatten().tolist()}
//               for k, v in model.state_dict().items()})
const saved: Record<string, { readonly shape: number[]; readonly data: number[] }> = {
  "0.weight": {
    shape: [4, 3],
    data: [
      -0.00149259, 0.307274, -0.476821, -0.427837, -0.212891, 0.160178, -0.0287504, 0.459512,
      -0.0370689, 0.203306, -0.13651, -0.118622,
    ],
  },
  "0.bias": { shape: [4], data: [-0.551571, -0.382369, -0.237997, 0.0213871] },
  "1.weight": { shape: [4], data: [1.00126, 0.995781, 0.996149, 0.965437] },
  "1.bias": { shape: [4], data: [0.000132097, -0.00224266, -0.00890675, -0.0369133] },
  "1.running_mean": { shape: [4], data: [-0.249907, -0.122501, -0.104683, -0.00520055] },
  "1.running_var": { shape: [4], data: [0.724114, 0.743674, 0.680678, 0.622222] },
  "1.num_batches_tracked": { shape: [], data: [5] },
  "3.weight": {
    shape: [2, 4],
    data: [0.239105, 0.354224, -0.323062, -0.15647, 0.140171, 0.360981, -0.118808, 0.312894],
  },
  "3.bias": { shape: [2], data: [0.0109161, -0.0386008] },
};

// nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
const model = new Sequential(
  new Linear({ inFeatures: 3, outFeatures: 4 }),
  norm(batchNorm, { numFeatures: 4 }),
  new ReLU(),
  new Linear({ inFeatures: 4, outFeatures: 2 }),
);
const named = Object.entries(saved).map(([name, { shape, data }]) => {
  return [name, tensor(data, { shape })] as const;
});
model.loadStateDict(Object.fromEntries(named));
model.eval();

const output = model.forward(
  tensor([
    [1, 2, 3],
    [-1, 0.5, 2],
  ]),
);
console.log("here      ", output.toArray());
const expected = [-0.238091558, -0.130174875, 0.149282023, 0.113501132];
console.log("in PyTorch", expected);
if (expected.some((v, i) => Math.abs(v - output.data[i]!) > 1e-6)) throw new Error("they differ");

// And back: plain arrays under PyTorch's names.
const back = Object.entries(model.stateDict()).map(([name, t]) => {
  return [name, { shape: t.shape, data: Array.from(t.data) }];
});
console.log(JSON.stringify(Object.fromEntries(back)).slice(0, 90), "…");
