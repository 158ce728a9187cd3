import {
  type Backend,
  cpu,
  mul,
  scope,
  sum,
  type Tensor,
  tensor,
  useBackend,
  valueAndGrad,
} from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import { layerNorm } from "@evenkeel/group-norm";
import { training } from "@evenkeel/norm-core";
import { wasm } from "@evenkeel/wasm";
import type { Engine, Prepared } from "../suite.ts";
import type { NormCase } from "../suites/norm.ts";

/**
 * Ours on the WebAssembly backend, one thread. It updates the running statistics of batch norm as well,
 * which the peers are spared.
 */
export function startEvenkeel(): Engine<NormCase> {
  return start("evenkeel", wasm());
}

/** Ours on the plain TypeScript backend. */
export function startEvenkeelCpu(): Engine<NormCase> {
  return start("evenkeel-cpu", cpu);
}

function start(name: string, backend: Backend): Engine<NormCase> {
  const on = <R>(fn: () => R): R => {
    useBackend(backend);
    return fn();
  };
  return {
    name,
    threads: 1,
    prepare(benchCase) {
      const { run, outputs } = on(() => prepare(benchCase));
      return { run: () => on(run), outputs: () => on(outputs) };
    },
  };
}

interface Inputs {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
}

function prepare(benchCase: NormCase): Prepared {
  const { kind, shape, eps } = benchCase;
  const features = shape[1]!;
  const norm =
    kind === "batchNorm"
      ? batchNorm({ numFeatures: features, eps })
      : layerNorm({ normalizedShape: [features], eps });
  const { state } = norm.init();
  const inputs: Inputs = {
    x: tensor(benchCase.x, { shape }),
    weight: tensor(benchCase.weight),
    bias: tensor(benchCase.bias),
  };
  const g = tensor(benchCase.g, { shape });
  const forward = ({ x, weight, bias }: Inputs): Tensor =>
    norm.apply(x, { weight, bias }, state, { mode: training }).output;
  const step = valueAndGrad((args: Inputs) => sum(mul(forward(args), g)));
  return {
    run() {
      scope(() => {
        step(inputs).value.item();
      });
      return undefined;
    },
    outputs() {
      const { grads } = step(inputs);
      return {
        output: forward(inputs).data,
        gradX: grads.x.data,
        gradWeight: grads.weight.data,
        gradBias: grads.bias.data,
      };
    },
  };
}
