import { mean, mul, random, square } from "@evenkeel/autodiff";
import { avgPool2d, gradients } from "@evenkeel/nn";
import { methodSuite } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import golden from "../../golden/bnn-no-bn.json" with { type: "json" };
import { binaryBlockCase } from "./binary-block.case.ts";
import { BinaryBlock, binaryBlock, blockBetas } from "./binary-block.ts";

describe("binaryBlock", () => {
  for (const { name, run } of methodSuite(binaryBlockCase, { golden: [golden] })) test(name, run);
});

describe("BinaryBlock", () => {
  const x = random(1).normal([2, 4, 6, 6]);
  const values = ({ sign, conv, prelu }: BinaryBlock): Parameters<typeof binaryBlock>[1] => ({
    shift: sign.shift.value,
    weight: conv.weight.value,
    gain: conv.gain.value,
    prelu: {
      shift: prelu.shift.value,
      slope: prelu.slope.value,
      lift: prelu.lift.value,
    },
  });

  test("is the block with x beside the branch, where nothing changes", () => {
    const block = new BinaryBlock({ inChannels: 4, outChannels: 4, alpha: 0.5, beta: 0.8 });
    const expected = binaryBlock(x, values(block), { alpha: 0.5, beta: 0.8 });
    expect(block.forward(x).data).toEqual(expected.data);
    expect(block.downsample).toBeUndefined();
  });

  test("averages beta·x and maps its channels, where resolution and channels change", () => {
    const block = new BinaryBlock({ inChannels: 4, outChannels: 8, stride: 2, beta: 0.8 });
    const pooled = avgPool2d(mul(0.8, x), { kernelSize: 2, stride: 2 });
    const residual = block.downsample!.forward(pooled);
    const params = { ...values(block), residual };
    const expected = binaryBlock(x, params, { beta: 0.8, stride: 2 });
    expect(block.forward(x).shape).toEqual([2, 8, 3, 3]);
    expect(block.forward(x).data).toEqual(expected.data);
  });

  test("learns all of its parameters", () => {
    const block = new BinaryBlock({ inChannels: 4, outChannels: 8, stride: 2 });
    const { grads } = gradients(block, () => mean(square(block.forward(x))));
    expect(Object.keys(grads).sort()).toEqual([...block.namedParameters().keys()].sort());
    for (const [name, g] of Object.entries(grads)) {
      expect(Math.max(...g.data.map(Math.abs)), name).toBeGreaterThan(0);
    }
  });
});

describe("blockBetas", () => {
  test("follow the expected variance, which each stage sets back", () => {
    const once = 1 / Math.sqrt(1.04);
    const twice = 1 / Math.sqrt(1.08);
    expect(blockBetas([1, 3, 4])).toEqual([
      [1],
      [1, 1, once],
      [twice, 1, once, twice].map((beta) => expect.closeTo(beta, 12)),
    ]);
  });
});
