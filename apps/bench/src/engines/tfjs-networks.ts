import type { Tensor, Tensor2D, Tensor4D } from "@tensorflow/tfjs-core";
import type { NetworkName } from "../case.ts";
import type { Tfjs } from "./tfjs-load.ts";
import { composed } from "./tfjs-norms.ts";

type Params = Readonly<Record<string, Tensor>>;
export type Network = (tf: Tfjs, p: Params, x: Tensor) => Tensor;

/** The networks of networks.ts by their parameters' names; images have channels last. */
export const networks: Readonly<Record<NetworkName, Network>> = {
  resnet20,
  lab,
  "2-16-1": (tf, p, x) => linear(tf, p, "2", tf.tanh(linear(tf, p, "0", x))),
};

function conv(tf: Tfjs, p: Params, name: string, x: Tensor, stride = 1): Tensor {
  const filters = p[`${name}.weight`] as Tensor4D;
  const y = tf.conv2d(x as Tensor4D, filters, stride, (filters.shape[0] - 1) / 2);
  const bias = p[`${name}.bias`];
  return bias ? tf.add(y, bias) : y;
}

/** The faster of its two on the CPU backend, which alone can train convolutions. */
function norm(tf: Tfjs, p: Params, name: string, x: Tensor): Tensor {
  return composed(tf, x, p[`${name}.weight`]!, p[`${name}.bias`]!, [0, 1, 2], 1e-5, true);
}

function linear(tf: Tfjs, p: Params, name: string, x: Tensor): Tensor {
  const weight = p[`${name}.weight`] as Tensor2D;
  return tf.add(tf.matMul(x as Tensor2D, weight, false, true), p[`${name}.bias`]!);
}

function lab(tf: Tfjs, p: Params, x: Tensor): Tensor {
  const block = (at: number, input: Tensor): Tensor =>
    tf.relu(norm(tf, p, `${at + 1}`, conv(tf, p, `${at}`, input)));
  const pool = (input: Tensor): Tensor => tf.maxPool(input as Tensor4D, 2, 2, 0);
  const last = block(8, pool(block(4, pool(block(0, x)))));
  // The linear layer takes channels before places.
  const flat = tf.reshape(tf.transpose(last, [0, 3, 1, 2]), [x.shape[0]!, -1]);
  return linear(tf, p, "12", flat);
}

function resnet20(tf: Tfjs, p: Params, x: Tensor): Tensor {
  let h = tf.relu(norm(tf, p, "bn1", conv(tf, p, "conv1", x)));
  for (const stage of ["layer1", "layer2", "layer3"]) {
    for (const i of [0, 1, 2]) h = basicBlock(tf, p, `${stage}.${i}`, h);
  }
  return linear(tf, p, "linear", tf.mean(h, [1, 2]));
}

function basicBlock(tf: Tfjs, p: Params, at: string, x: Tensor): Tensor {
  const projects = `${at}.shortcut.0.weight` in p;
  const stride = projects ? 2 : 1;
  const inner = tf.relu(norm(tf, p, `${at}.bn1`, conv(tf, p, `${at}.conv1`, x, stride)));
  const outer = norm(tf, p, `${at}.bn2`, conv(tf, p, `${at}.conv2`, inner));
  if (!projects) return tf.relu(tf.add(x, outer));
  const shortcut = conv(tf, p, `${at}.shortcut.0`, x, stride);
  return tf.relu(tf.add(norm(tf, p, `${at}.shortcut.1`, shortcut), outer));
}
