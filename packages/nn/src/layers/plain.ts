import { relu, reshape, sigmoid, type Tensor, tanh } from "@evenkeel/autodiff";
import { Module } from "../module.ts";
import { gelu } from "../ops/gelu.ts";

/** x itself: a place for a module that is not there. */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** All axes but the first as one: [samples, ...] to [samples, rest]. */
export class Flatten extends Module {
  override forward(x: Tensor): Tensor {
    return reshape(x, [x.shape[0] ?? 1, x.shape.slice(1).reduce((a, b) => a * b, 1)]);
  }
}

/** max(x, 0). */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** 1 / (1 + e⁻ˣ). */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** x · Φ(x) with the normal distribution's Φ, exactly; see `gelu`. */
export class GELU extends Module {
  override forward(x: Tensor): Tensor {
    return gelu(x);
  }
}
