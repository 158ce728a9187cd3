import type { Scalar, Tensor, Tensor2D, Tensor4D, Variable } from "@tensorflow/tfjs-core";
import { gradientName, isBuffer, type TrainCase } from "../case.ts";
import type { Prepared } from "../suite.ts";
import { permuted, restored } from "./layout.ts";
import { canTrainConvolutions, filtersLast } from "./tfjs-layers.ts";
import type { Tfjs, TfjsBackend } from "./tfjs-load.ts";
import { type Network, networks } from "./tfjs-networks.ts";
import type { TfjsReading } from "./tfjs-reading.ts";

/** What tfjs keeps of a network: variables by PyTorch's names, filters and images with channels last. */
interface Model {
  readonly variables: Readonly<Record<string, Variable>>;
  readonly loss: () => Scalar;
  readonly dispose: () => void;
}

export function prepareTraining(
  tf: Tfjs,
  backend: TfjsBackend,
  benchCase: TrainCase,
  { read }: TfjsReading,
): Prepared | null {
  const { network, state, sgd, repeat = 1 } = benchCase;
  if (network !== "2-16-1" && !canTrainConvolutions(tf)) return null;
  const { variables, loss, dispose } = load(tf, benchCase, networks[network]);
  const list = Object.values(variables);
  const optimizer = sgd && tf.train.momentum(sgd.lr, sgd.momentum);
  const step = async (): Promise<void> => {
    if (optimizer) {
      const value = optimizer.minimize(loss, true, list)!;
      await read(value);
      value.dispose();
      return;
    }
    const { value, grads } = tf.variableGrads(loss, list);
    await read(value);
    tf.dispose([value, grads]);
  };
  return {
    async run() {
      await tf.setBackend(backend);
      for (let i = 0; i < repeat; i++) await step();
      return undefined;
    },
    async outputs() {
      await tf.setBackend(backend);
      const { value, grads } = tf.variableGrads(loss, list);
      const outputs: Record<string, ArrayLike<number>> = { loss: await read(value) };
      for (const [name, variable] of Object.entries(variables)) {
        const { shape } = state[name]!;
        const values = await read(grads[variable.name]!);
        outputs[gradientName(name)] = restored(values, shape, layoutOf(shape));
      }
      tf.dispose([value, grads]);
      return outputs;
    },
    release() {
      optimizer?.dispose();
      dispose();
    },
  };
}

/** Of filters; all other parameters are as they are in PyTorch. */
function layoutOf(shape: readonly number[]): readonly number[] | undefined {
  return shape.length === 4 ? filtersLast : undefined;
}

function load(tf: Tfjs, { x, target, state }: TrainCase, network: Network): Model {
  const variables: Record<string, Variable> = {};
  for (const [name, values] of Object.entries(state)) {
    if (isBuffer(name)) continue;
    const { data, shape } = permuted(values, layoutOf(values.shape));
    variables[name] = tf.tidy(() => tf.variable(tf.tensor(data, [...shape])));
  }
  const images = x.shape.length === 4 ? [0, 2, 3, 1] : undefined;
  const moved = permuted(x, images);
  const input = tf.tensor(moved.data, [...moved.shape]);
  const right =
    target instanceof Int32Array
      ? tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(target, "int32"), 10), "float32"))
      : tf.tensor(target.data, [...target.shape]);
  const loss = (): Scalar => {
    const y = network(tf, variables, input);
    return target instanceof Int32Array ? crossEntropy(tf, y, right) : squared(tf, y, right);
  };
  const dispose = (): void => tf.dispose([...Object.values(variables), input, right]);
  return { variables, loss, dispose };
}

function crossEntropy(tf: Tfjs, y: Tensor, hot: Tensor): Scalar {
  return tf.losses.softmaxCrossEntropy(hot as Tensor2D, y as Tensor2D) as unknown as Scalar;
}

function squared(tf: Tfjs, y: Tensor, target: Tensor): Scalar {
  return tf.losses.meanSquaredError(target as Tensor4D, y as Tensor4D) as unknown as Scalar;
}
