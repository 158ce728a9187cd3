import type { Tensor } from "@evenkeel/autodiff";
import { ReLU } from "./layers/plain.ts";
import { type Member, Module } from "./module.ts";
import { NormModule } from "./norm-module.ts";

/**
 * Modules one after the other; the condition goes to each of them. Names are "0.weight", "1.bias". A ReLU
 * right behind a norm is computed in the norm's own passes over memory.
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

  override members(): Iterable<readonly [string, Member]> {
    return this.layers.map((layer, i) => [String(i), layer]);
  }

  override forward(x: Tensor, condition?: unknown): Tensor {
    for (let i = 0; i < this.layers.length; i++) {
      const layer = this.layers[i]!;
      if (takesActivation(layer, this.layers[i + 1])) {
        x = layer.forward(x, condition as never, "relu");
        i++;
      } else x = layer.forward(x, condition);
    }
    return x;
  }
}

/** Exactly these classes: others derived from them may do something else. */
function takesActivation(layer: Module, next: Module | undefined): layer is NormModule {
  return layer.constructor === NormModule && next?.constructor === ReLU;
}
