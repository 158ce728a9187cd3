import type { numpy as np } from "@jax-js/jax";
import { gradientName, isBuffer, type NetworkName, type TrainCase } from "../case.ts";
import type { Prepared } from "../suite.ts";
import { batchNorm, conv, type Jax, type JaxInputs, loadJax, pool } from "./jax-layers.ts";
import type { JaxReading } from "./jax-reading.ts";

type Network = (jax: Jax, p: JaxInputs, x: np.Array) => np.Array;

const networks: Readonly<Record<NetworkName, Network>> = {
  resnet20: (jax, p, x) => {
    const block = (h: np.Array, at: string): np.Array => basicBlock(jax, p, at, h);
    const places = ["layer1", "layer2", "layer3"].flatMap((stage) =>
      [0, 1, 2].map((i) => `${stage}.${i}`),
    );
    const h = places.reduce(block, jax.nn.relu(convNorm(jax, p, "conv1", "bn1", x)));
    return linear(jax, p, "linear", jax.numpy.mean(h, [2, 3]));
  },
  lab: (jax, p, x) => {
    const { max } = jax.numpy;
    const block = (at: number, input: np.Array): np.Array =>
      jax.nn.relu(convNorm(jax, p, `${at}`, `${at + 1}`, input));
    const samples = x.shape[0]!;
    const last = block(8, pool(max, block(4, pool(max, block(0, x), 2)), 2));
    return linear(jax, p, "12", last.reshape([samples, -1]));
  },
  "2-16-1": (jax, p, x) => linear(jax, p, "2", jax.numpy.tanh(linear(jax, p, "0", x))),
};

function convNorm(
  jax: Jax,
  p: JaxInputs,
  name: string,
  norm: string,
  x: np.Array,
  stride = 1,
): np.Array {
  const filters = p[`${name}.weight`]!;
  const y = conv(jax, x, filters, stride, (filters.shape[2]! - 1) / 2);
  const bias = p[`${name}.bias`];
  const z = bias ? y.add(bias.reshape([1, -1, 1, 1])) : y;
  return batchNorm(jax, z, p[`${norm}.weight`]!, p[`${norm}.bias`]!, 1e-5);
}

function basicBlock(jax: Jax, p: JaxInputs, at: string, x: np.Array): np.Array {
  const { relu } = jax.nn;
  const projects = `${at}.shortcut.0.weight` in p;
  const stride = projects ? 2 : 1;
  const inner = relu(convNorm(jax, p, `${at}.conv1`, `${at}.bn1`, x.ref, stride));
  const outer = convNorm(jax, p, `${at}.conv2`, `${at}.bn2`, inner);
  const shortcut = projects
    ? convNorm(jax, p, `${at}.shortcut.0`, `${at}.shortcut.1`, x, stride)
    : x;
  return relu(shortcut.add(outer));
}

function linear({ numpy: np }: Jax, p: JaxInputs, name: string, x: np.Array): np.Array {
  return np.matmul(x, np.transpose(p[`${name}.weight`]!)).add(p[`${name}.bias`]!);
}

/** The loss and its gradients, and with them the next parameters and momenta; each under one `jit`. */
function compile(jax: Jax, names: readonly string[], network: Network, benchCase: TrainCase) {
  const { sgd, target } = benchCase;
  const lossOf = target instanceof Int32Array ? crossEntropy : squaredError;
  const valueAndGrads = jax.valueAndGrad((given: np.Array[], x: np.Array, wanted: np.Array) => {
    const p = Object.fromEntries(names.map((name, i) => [name, given[i]!]));
    return lossOf(jax, network(jax, p, x), wanted);
  });
  const update = (given: np.Array[], momenta: np.Array[], x: np.Array, wanted: np.Array) => {
    const [loss, grads] = valueAndGrads(refs(given), x, wanted);
    const moved = momenta.map((m, i) => m.mul(sgd!.momentum).add(grads[i]!));
    const next = given.map((p, i) => p.sub(moved[i]!.ref.mul(sgd!.lr)));
    return [loss, next, moved] as [np.Array, np.Array[], np.Array[]];
  };
  return { gradients: jax.jit(valueAndGrads), update: jax.jit(update) };
}

export async function prepareTraining(
  jax: Jax,
  benchCase: TrainCase,
  { finish, read }: JaxReading,
): Promise<Prepared> {
  const network = networks[benchCase.network];
  const { x, target, state, sgd, repeat = 1 } = benchCase;
  const names = Object.keys(state).filter((name) => !isBuffer(name));
  const { gradients, update } = compile(jax, names, network, benchCase);
  let params = names.map((name) => loadJax(jax, state[name]!));
  let momenta = names.map((name) => jax.numpy.zeros([...state[name]!.shape]));
  const data = loadJax(jax, x);
  const wanted =
    target instanceof Int32Array ? jax.numpy.array(Int32Array.from(target)) : loadJax(jax, target);
  const first = () => gradients(refs(params), data.ref, wanted.ref);
  const step = async (): Promise<void> => {
    let loss: np.Array;
    if (sgd === undefined) {
      let grads: np.Array[];
      [loss, grads] = first();
      await finish([...grads, loss]);
      for (const grad of grads) grad.dispose();
    } else {
      [loss, params, momenta] = update(params, momenta, data.ref, wanted.ref);
      await finish([...params, ...momenta, loss]);
    }
    await read(loss);
  };
  return {
    async run() {
      for (let i = 0; i < repeat; i++) await step();
      return undefined;
    },
    async outputs() {
      const [loss, grads] = first();
      const numbers: Record<string, ArrayLike<number>> = { loss: await read(loss) };
      for (const [i, name] of names.entries()) numbers[gradientName(name)] = await read(grads[i]!);
      return numbers;
    },
    release() {
      for (const a of [...params, ...momenta, data, wanted]) a.dispose();
    },
  };
}

function refs(arrays: readonly np.Array[]): np.Array[] {
  return arrays.map((a) => a.ref);
}

function crossEntropy({ numpy: np, nn }: Jax, y: np.Array, ids: np.Array): np.Array {
  const [samples, classes] = y.shape as [number, number];
  return np.sum(nn.logSoftmax(y).mul(nn.oneHot(ids, classes))).mul(-1 / samples);
}

function squaredError({ numpy: np }: Jax, y: np.Array, target: np.Array): np.Array {
  return np.mean(np.square(y.sub(target)));
}
