import { Worker } from "node:worker_threads";
import { cpu, grad, mul, random, sum, type Tensor, useBackend } from "@evenkeel/autodiff";
import { expectClose, normSuite, remoteBackend, stepKernels, tolerances } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import golden from "../../golden/sync-bn.json" with { type: "json" };
import { syncBatchNormCase } from "./sync-batch-norm.case.ts";
import { sharedAllReduce, syncBatchNorm } from "./sync-batch-norm.ts";

/** A replica: 2 samples of 5 for rank 0, 3 for rank 1; output, state and gradients of x and weight. */
const replica = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { memory, rank, weighting } = workerData;
  (async () => {
    const { grad, mul, random, slice, sum } = await import("@evenkeel/autodiff");
    const { sharedAllReduce, syncBatchNorm } = await import("@evenkeel/batch-norm");
    const allReduce = sharedAllReduce(memory, rank, 2);
    const own = (t) => slice(t, [2 * rank], [2 + 3 * rank]);
    const x = own(random(1).normal([5, 3, 4], { dtype: "float64" }));
    const cotangent = own(random(2).normal([5, 3, 4], { dtype: "float64" }));
    const norm = syncBatchNorm({ numFeatures: 3, weighting });
    const { params, state } = norm.init({ dtype: "float64" });
    const apply = (t, p) => norm.apply(t, p, state, { condition: { allReduce } });
    const applied = apply(x, params);
    const loss = (t, p) => sum(mul(apply(t, p).output, cotangent));
    const [byX, byParams] = grad(loss, { argnums: [0, 1] })(x, params);
    const found = [applied.output, byX, byParams.weight, ...Object.values(applied.state)];
    parentPort.postMessage(found.map((t) => ({ shape: [...t.shape], data: [...t.data] })));
  })();
`;

interface Numbers {
  readonly shape: number[];
  readonly data: number[];
}

function runReplica(
  memory: SharedArrayBuffer,
  rank: number,
  weighting: string,
): Promise<Numbers[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(replica, {
      eval: true,
      execArgv: ["--conditions=@evenkeel/source"],
      workerData: { memory, rank, weighting },
    });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

afterEach(() => useBackend(cpu));

describe("syncBatchNorm", () => {
  const suite = normSuite(syncBatchNormCase, { golden: [golden] });
  for (const { name, run } of suite) test(name, run);

  test("a step costs the four kernels of batch norm", () => {
    expect(stepKernels(syncBatchNormCase)).toEqual({
      forward: ["planeMoments", "planeAffine"],
      backward: ["planeSums", "planeCombine"],
    });
  });

  test.each(["count", "equal"] as const)(
    "replicas in threads of their own that weigh by %s give what one batch with both gives",
    async (weighting) => {
      const memory = new SharedArrayBuffer(16 + 8 * 2 * 5);
      const both = await Promise.all([0, 1].map((rank) => runReplica(memory, rank, weighting)));
      const x = random(1).normal([5, 3, 4], { dtype: "float64" });
      const cotangent = random(2).normal([5, 3, 4], { dtype: "float64" });
      const norm = syncBatchNorm({ numFeatures: 3, weighting });
      const { params, state } = norm.init({ dtype: "float64" });
      const apply = (t: Tensor, p: typeof params) =>
        norm.apply(t, p, state, { condition: { replicas: [2, 3] } });
      const loss = (t: Tensor, p: typeof params) => sum(mul(apply(t, p).output, cotangent));
      const [byX, byParams] = grad(loss, { argnums: [0, 1] })(x, params);
      const whole = apply(x, params);
      const joined = (i: number): number[] => both.flatMap((found) => found[i]!.data);
      const check = (what: string, got: number[], expected: Tensor): void => {
        const numbers = { shape: expected.shape, data: Float64Array.from(got) };
        expectClose(what, numbers, expected, tolerances.reference);
      };
      check("output", joined(0), whole.output);
      check("gradient of x", joined(1), byX);
      const weights = both.map((found) => found[2]!.data);
      const total = weights[0]!.map((v, c) => v + weights[1]![c]!);
      check("sum of the replicas' gradients of weight", total, byParams["weight"]!);
      Object.values(whole.state).forEach((t, i) => {
        check("state", both[0]![3 + i]!.data, t);
        expect(both[1]![3 + i]!.data).toEqual(both[0]![3 + i]!.data);
      });
    },
  );

  test("an all-reduce is refused where the backend's memory is not in the process", () => {
    useBackend(remoteBackend());
    const norm = syncBatchNorm({ numFeatures: 3 });
    const { params, state } = norm.init();
    const condition = { allReduce: (vector: Float64Array) => vector };
    expect(() => norm.apply(random(1).normal([5, 3, 4]), params, state, { condition })).toThrow(
      "syncBatchNorm allReduce: expected a backend whose memory is in the process, got remote. " +
        "Train on cpu or wasm(), or put the samples of all replicas into x and name them in replicas.",
    );
  });

  test("an all-reduce refuses a vector that its memory has no room for", () => {
    const allReduce = sharedAllReduce(new SharedArrayBuffer(16 + 8 * 4), 0, 1);
    expect(allReduce(Float64Array.of(1, 2))).toEqual(Float64Array.of(1, 2));
    expect(() => allReduce(new Float64Array(5))).toThrow(
      "sharedAllReduce: expected memory for 5 numbers, got memory for 4.",
    );
  });
});
