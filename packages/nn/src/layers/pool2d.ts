import type { Tensor } from "@evenkeel/autodiff";
import { checkOptions } from "@evenkeel/norm-core";
import { Module } from "../module.ts";
import {
  type AvgPool2dOptions,
  avgPool2d,
  avgPoolRules,
  globalAvgPool2d,
  type MaxPool2dOptions,
  maxPool2d,
  maxPoolRules,
} from "../ops/pool2d.ts";

/** The largest element of each window; see `maxPool2d`. */
export class MaxPool2d extends Module {
  readonly options: MaxPool2dOptions;

  constructor(options: MaxPool2dOptions) {
    super();
    this.options = checkOptions("MaxPool2d", options, maxPoolRules);
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.options);
  }
}

/** The mean of each window; see `avgPool2d`. */
export class AvgPool2d extends Module {
  readonly options: AvgPool2dOptions;

  constructor(options: AvgPool2dOptions) {
    super();
    this.options = checkOptions("AvgPool2d", options, avgPoolRules);
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.options);
  }
}

/** The mean of each plane: [samples, channels, height, width] to [samples, channels]. */
export class GlobalAvgPool2d extends Module {
  override forward(x: Tensor): Tensor {
    return globalAvgPool2d(x);
  }
}
