import {
  add,
  broadcastTo,
  cast,
  mul,
  relu,
  sigmoid,
  type Tensor,
  tanh,
  tensor,
  zerosLike,
} from "@evenkeel/autodiff";
import {
  affinePlanes,
  batchPlanes,
  momentsOfPlanes,
  type PlaneMap,
  standardMap,
  type Tensors,
  variance,
} from "@evenkeel/norm-core";
import { normalQuantiles } from "./quantiles.ts";

/** What may stand between the norm and its proxy. */
export type ProxyActivation = "relu" | "silu" | "sigmoid" | "tanh" | "identity";

/** The functions by name. */
export const activations: Readonly<Record<ProxyActivation, (x: Tensor) => Tensor>> = {
  relu,
  silu: (x) => mul(x, sigmoid(x)),
  sigmoid,
  tanh,
  identity: (x) => x,
};

/** What the proxy depends on besides parameters. */
interface ProxyOptions {
  readonly activation: ProxyActivation;
  readonly proxyEps: number;
  readonly numSamples: number;
}

/** (z − mean(p)) / √(var(p) + eps), of samples p of what each channel's proxy gives. */
export function proxyMap(
  { weight, bias, proxyScale, proxyBias }: Tensors,
  { activation, proxyEps, numSamples }: ProxyOptions,
): PlaneMap {
  const { dtype, size } = weight!;
  const q = cast(tensor(normalQuantiles(numSamples)), dtype);
  const samples = broadcastTo(q, [size, numSamples]);
  const layout = batchPlanes(samples.shape, 0);
  const scale = mul(weight!, add(proxyScale!, 1));
  const shift = add(mul(weight!, proxyBias!), bias!);
  const y = affinePlanes(samples, { center: zerosLike(shift), scale, shift }, { layout });
  const moments = momentsOfPlanes(activations[activation](y), layout);
  return standardMap(moments.mean, variance(moments), proxyEps);
}
