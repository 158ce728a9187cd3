import type { Tensor } from "@evenkeel/autodiff";
import { type Member, Module } from "./module.ts";

/**
 * Modules one after the other; the condition goes to each of them. Names are "0.weight", "1.bias".
 *
 * @example
 * const model = new Sequential(new Linear({ inFeatures: 2, outFeatures: 8 }), new ReLU());
 */
export class Sequential extends Module {
  readonly layers: readonly Module[];

  constructor(...layers: readonly Module[]) {
    super();
    this.layers = layers;
  }

  override *members(): Iterable<readonly [string, Member]> {
    for (const [i, layer] of this.layers.entries()) yield [String(i), layer];
  }

  override forward(x: Tensor, condition?: unknown): Tensor {
    for (const layer of this.layers) x = layer.forward(x, condition);
    return x;
  }
}
