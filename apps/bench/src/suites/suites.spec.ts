import { type Backend, cpu, EvenkeelError, useBackend } from "@evenkeel/autodiff";
import { network } from "@evenkeel/lab/network";
import { cases } from "@evenkeel/lab/norms";
import { expect, test } from "vitest";
import { relativeError } from "../case.ts";
import { reference, startEvenkeel, startEvenkeelCpu } from "../engines/evenkeel.ts";
import { ourStep } from "../engines/ours-step.ts";
import { makeNetwork, resnetCase, tinyCase } from "../networks/networks.ts";
import { nnSuite, nnWork } from "./nn.ts";
import { normSuite } from "./norm.ts";
import { overheadSuite } from "./overhead.ts";

const norms = normSuite();

test("every installed norm is raced on images, those that take rows on rows", () => {
  const [images, , , rows] = norms.races.map((race) => race.map(({ name }) => name));
  const ids = Object.keys(cases).flatMap((id) => (id === "batchNorm" ? [id, `${id}+relu`] : [id]));
  expect(images).toEqual(ids.map((id) => `${id} 16x64x32x32`));
  expect(rows).toContain("layerNorm 512x768");
  expect(rows).not.toContain("instanceNorm 512x768");
});

test("peers run batch norm and rows of layer norm only", () => {
  const shared = normSuite()
    .races.flat()
    .filter(({ engines }) => engines === undefined);
  expect(shared.map(({ name }) => name)).toEqual([
    "batchNorm 16x64x32x32",
    "batchNorm 2x256x14x14",
    "batchNorm 128x64x8x8",
    "batchNorm 512x768",
    "layerNorm 512x768",
  ]);
});

test("a relu behind batch norm is computed, and only outputs are compared", () => {
  const relu = norms.races[1]!.find(({ name }) => name.startsWith("batchNorm+relu"))!;
  const { output } = reference(relu);
  expect(relu.compared).toEqual(["output"]);
  expect(Math.min(...Array.from(output!))).toBe(0);
});

test("a condition is drawn only for the norm that asks for one", () => {
  const picky: (typeof cases)[string] = {
    ...cases["batchNorm"]!,
    norm: Object.assign(
      (options: object) => {
        const bound = cases["batchNorm"]!.norm(options);
        return {
          ...bound,
          apply: (...[x, params, state, context]: Parameters<typeof bound.apply>) => {
            if (context?.condition === undefined)
              throw new EvenkeelError({ where: "picky", expected: "a condition", got: "none" });
            return bound.apply(x, params, state);
          },
        };
      },
      { card: cases["batchNorm"]!.norm.card },
    ),
    condition: () => "a condition",
  };
  const layerOf = (norm: (typeof cases)[string]) =>
    normSuite({ batchNorm: norm }, [[4, 3, 2, 2]]).races[0]![0]!.layer;
  expect(layerOf(picky)).toMatchObject({ condition: "a condition", conditionGradients: false });
  expect(layerOf(cases["batchNorm"]!)).not.toHaveProperty("condition");
});

test("the lab's network is the lab's", () => {
  const sizes = { shape: [3, 16, 16], classes: 10, domains: 1 } as const;
  const theirs = network("batchNorm", sizes, 1).model.stateDict();
  const shapes = (state: typeof theirs) =>
    Object.entries(state).map(([name, { shape }]) => [name, shape]);
  expect(shapes(makeNetwork("lab", "float32").stateDict())).toEqual(shapes(theirs));
});

test("ResNet-20 has 19 convolutions, two projections and one linear layer", () => {
  const { state } = resnetCase(2);
  const ranks = Object.values(state).map(({ shape }) => shape.length);
  expect(ranks.filter((rank) => rank === 4)).toHaveLength(19 + 2);
  expect(ranks.filter((rank) => rank === 2)).toHaveLength(1);
  // Without the projections and their norms: He et al., 2015, table 6 says 0.27M.
  const count = (filter: (name: string) => boolean): number =>
    Object.entries(state)
      .filter(([name]) => filter(name) && !/running|tracked/.test(name))
      .reduce((sum, [, { data }]) => sum + data.length, 0);
  expect(count((name) => !name.includes("shortcut"))).toBe(269_722);
  expect(count((name) => name.includes("shortcut"))).toBe(2_752);
});

test("both of our backends agree with float64 on networks and layers", async () => {
  const [add] = overheadSuite().races.flat();
  for (const engine of [await startEvenkeel(1), startEvenkeelCpu()]) {
    if (typeof engine === "string") throw new Error(engine);
    for (const benchCase of [add!, tinyCase(4, true), resnetCase(2)]) {
      const outputs = await (await engine.prepare(benchCase))!.outputs();
      expect(relativeError(outputs!, reference(benchCase))).toBeLessThan(1e-3);
    }
  }
});

test("work is counted for products and convolutions, forward and both gradients", () => {
  expect(nnWork("matmul 512x512x512")).toBe(6 * 512 ** 3);
  expect(
    nnSuite()
      .races.flat()
      .map(({ name }) => nnWork(name) !== undefined),
  ).toEqual([true, true, true, true, false, false]);
});

test.each([1, 2])("no ReLU input of %i images is so near 0 that float32 could turn it", (batch) => {
  let least = Number.POSITIVE_INFINITY;
  const watching: Backend = {
    ...cpu,
    run(spec, out, inputs, params) {
      if (spec.name === "relu") {
        for (const v of inputs[0]!.data) least = Math.min(least, Math.abs(v));
      }
      cpu.run(spec, out, inputs, params);
    },
  };
  useBackend(watching);
  ourStep(resnetCase(batch), "float64").outputs();
  useBackend(cpu);
  // Float32 moves them by up to 5e-6.
  expect(least).toBeGreaterThan(1e-5);
  expect(least).toBeLessThan(1);
});
