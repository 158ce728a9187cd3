import { random, relu, type Tensor } from "@evenkeel/autodiff";
import { type Card, defineNorm } from "@evenkeel/norm-core";
import { expect, it } from "vitest";
import { Flatten, norm, ReLU, Sequential } from "./index.ts";

const card: Card = {
  ...{ id: "identity", name: "Identity", summary: "", tex: "", notes: [], keys: {} },
  paper: { title: "", authors: "", year: 2015 },
};
const seen: unknown[] = [];
const fusing = defineNorm<object>({
  card,
  options: {},
  init: () => ({ params: {}, state: {} }),
  fusesActivation: true,
  apply(x, _params, state, _options, { activation }) {
    seen.push(activation);
    return { output: activation ? relu(x) : x, state };
  },
});

const x = random(1).normal([4, 3]);
const positive = relu(x).data;

it("leaves a ReLU right behind a norm to the norm", () => {
  seen.length = 0;
  const model = new Sequential(norm(fusing, {}), new ReLU(), norm(fusing, {}));
  expect(model.forward(x).data).toEqual(positive);
  expect(seen).toEqual(["relu", undefined]);
});

it("leaves other modules, and those derived from ReLU, to themselves", () => {
  seen.length = 0;
  class Twice extends ReLU {
    override forward(t: Tensor): Tensor {
      return super.forward(super.forward(t));
    }
  }
  const model = new Sequential(norm(fusing, {}), new Twice(), norm(fusing, {}), new Flatten());
  expect(model.forward(x).data).toEqual(positive);
  expect(seen).toEqual([undefined, undefined]);
});
