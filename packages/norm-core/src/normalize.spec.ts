import {
  add,
  broadcastTo,
  div,
  grad,
  leaves,
  mean as meanOf,
  mul,
  random,
  reshape,
  rsqrt,
  type Shape,
  square,
  sub,
  sum,
  type Tensor,
  valueAndGrad,
  zeros,
} from "@evenkeel/autodiff";
import { checkGradients, expectClose, expectRefusal, tolerances } from "@evenkeel/testkit";
import { describe, expect, test } from "vitest";
import { batchPlanes, type Layout, planeSize, rowPlanes, samplePlanes } from "./layout.ts";
import type { Moments } from "./moments.ts";
import { affinePlanes, momentsOfPlanes, normalizePlanes } from "./normalize.ts";
import type { PlaneMap, PlaneRule } from "./plane-rule.ts";

interface Inputs {
  readonly [name: string]: Tensor;
  readonly share: Tensor;
  readonly gain: Tensor;
  readonly offset: Tensor;
}
interface Arguments {
  readonly [name: string]: Tensor | Inputs;
  readonly x: Tensor;
  readonly inputs: Inputs;
}

/** Every part depends on moments and on inputs, and the center is not the mean. */
function rule({ count, mean, m2 }: Moments, { share, gain, offset }: Inputs): PlaneRule<Moments> {
  const inverse = rsqrt(add(div(m2, count), 0.1));
  return {
    center: mul(share, mean),
    scale: mul(gain, inverse),
    shift: add(offset, mul(0.3, mul(mean, inverse))),
    aux: { count, mean, m2 },
  };
}

function fused(at: Arguments, layout: Layout): Tensor {
  const along = { weight: at["weight"] as Tensor, bias: at["bias"] as Tensor };
  return normalizePlanes(at.x, at.inputs, rule, { layout, ...along }).output;
}

const boxOf = ({ samples, outer, channels, inner }: Layout): Shape => [
  samples,
  outer,
  channels,
  inner,
];

function mapped(x: Tensor, map: PlaneMap, at: Arguments, layout: Layout): Tensor {
  const { samples, outer, channels, inner } = layout;
  const spread = (t: Tensor): Tensor =>
    reshape(broadcastTo(t, [samples, channels]), [samples, 1, channels, 1]);
  const y = add(mul(sub(x, spread(map.center)), spread(map.scale)), spread(map.shift));
  const place = (t: Tensor): Tensor => reshape(t, [outer, 1, inner]);
  const weighted = at["weight"] ? mul(y, place(at["weight"] as Tensor)) : y;
  return at["bias"] ? add(weighted, place(at["bias"] as Tensor)) : weighted;
}

/** The same in ordinary ops. */
function composed(at: Arguments, layout: Layout): Tensor {
  const x = reshape(at.x, boxOf(layout));
  const over = { axes: [1, 3], keepDims: true };
  const center = meanOf(x, over);
  const planes = [layout.samples, layout.channels];
  const m2 = reshape(sum(square(sub(x, center)), over), planes);
  const map = rule({ count: planeSize(layout), mean: reshape(center, planes), m2 }, at.inputs);
  return reshape(mapped(x, map, at, layout), at.x.shape);
}

interface Row {
  readonly shape: Shape;
  readonly layout: Layout;
  readonly along?: readonly ("weight" | "bias")[];
}
const rows: Readonly<Record<string, Row>> = {
  "planes per sample": { shape: [2, 3, 5], layout: samplePlanes([2, 3, 5], 1) },
  "planes per sample, channels last": { shape: [2, 5, 3], layout: samplePlanes([2, 5, 3], 2) },
  "planes per batch": { shape: [3, 2, 5], layout: batchPlanes([3, 2, 5], 1) },
  "planes per batch, channels last": { shape: [3, 5, 2], layout: batchPlanes([3, 5, 2], 2) },
  rows: { shape: [3, 6], layout: rowPlanes([3, 6], 1) },
  "rows with a weight": { shape: [3, 6], layout: rowPlanes([3, 6], 1), along: ["weight"] },
  "rows with weight and bias": {
    shape: [3, 2, 3],
    layout: rowPlanes([3, 2, 3], [1, 2]),
    along: ["weight", "bias"],
  },
  "strided rows with weight and bias": {
    shape: [2, 5, 3],
    layout: rowPlanes([2, 5, 3], 1),
    along: ["weight", "bias"],
  },
};

function draw({ shape, layout, along = [] }: Row): Arguments {
  const stream = random(5);
  const normal = (sides: Shape): Tensor => stream.normal(sides, { mean: 0.5, dtype: "float64" });
  const { samples, channels } = layout;
  return {
    x: normal(shape),
    inputs: { share: normal([]), gain: normal([channels]), offset: normal([samples, channels]) },
    ...Object.fromEntries(along.map((name) => [name, normal([planeSize(layout)])])),
  };
}

/** The output, then all gradients of orders 1 to 3, each of the one before along a random direction. */
function derivatives(f: (at: Arguments) => Tensor, at: Arguments): Tensor[][] {
  const stream = random(9);
  const direction = (t: Tensor): Tensor => stream.normal(t.shape, { dtype: "float64" });
  const y = f(at);
  const found = [[y]];
  const c = direction(y);
  let phi = (given: Arguments): Tensor => sum(mul(f(given), c));
  for (let order = 1; order <= 3; order++) {
    const gradient = grad(phi);
    found.push(leaves(gradient(at)));
    const along = leaves(at).map(direction);
    phi = (given) =>
      leaves(gradient(given))
        .map((g, i) => sum(mul(g, along[i]!)))
        .reduce((a, b) => add(a, b));
  }
  return found;
}

describe("normalizePlanes", () => {
  for (const [name, row] of Object.entries(rows)) {
    test(`over ${name} equals a composition of ordinary ops, with gradients of orders 1 to 3`, () => {
      const at = draw(row);
      const found = derivatives((given) => fused(given, row.layout), at);
      derivatives((given) => composed(given, row.layout), at).forEach((tensors, order) => {
        tensors.forEach((t, i) => {
          expectClose(`order ${order}, ${i}`, found[order]![i]!, t, tolerances.reference);
        });
      });
    });
    test(`over ${name} has the gradients that differences give`, () => {
      checkGradients((at: Arguments) => fused(at, row.layout), draw(row), { order: 3 });
    });
  }

  const row = rows["planes per sample"]!;
  test("gives the rule's aux out, as constants", () => {
    const at = draw(row);
    const expected = momentsOfPlanes(at.x, row.layout);
    const { value, grads, aux } = valueAndGrad(
      (given: Arguments) => {
        const result = normalizePlanes(given.x, given.inputs, rule, row);
        return [sum(add(result.aux.mean, result.aux.m2)), result.aux] as const;
      },
      { hasAux: true },
    )(at);
    expect(aux.count).toBe(5);
    expect([...aux.mean.data]).toEqual([...expected.mean.data]);
    expect([...aux.m2.data]).toEqual([...expected.m2.data]);
    expect(value.item()).not.toBe(0);
    for (const g of leaves(grads)) expect(Math.max(...g.data.map(Math.abs))).toBe(0);
  });
  test("takes what the rule closes over for a constant", () => {
    const { x, inputs } = draw(row);
    const f = (share: Tensor): Tensor =>
      sum(square(normalizePlanes(x, {}, (m) => rule(m, { ...inputs, share }), row).output));
    expect(grad(f)(inputs.share).item()).toBe(0);
  });
  test("refuses a layout of another size", () => {
    expectRefusal(
      "another size",
      () => normalizePlanes(zeros([2, 3]), {}, rule as never, { layout: rowPlanes([2, 4], 1) }),
      "normalizePlanes: expected a layout of 6 elements for x of shape [2, 3], " +
        'got {"samples":2,"outer":1,"channels":1,"inner":4}. ' +
        "Make it with samplePlanes, batchPlanes or rowPlanes from x.shape.",
    );
  });
});

describe("affinePlanes", () => {
  for (const name of ["planes per batch", "strided rows with weight and bias"]) {
    test(`over ${name} equals ordinary ops and differentiates in every part`, () => {
      const row = rows[name]!;
      const at = draw(row);
      // One per channel, one for all, one per plane: each spreads by itself.
      const mapOf = ({ gain, share, offset }: Inputs): PlaneMap => ({
        center: gain,
        scale: share,
        shift: offset,
      });
      const f = (given: Arguments): Tensor => {
        const along = { weight: given["weight"] as Tensor, bias: given["bias"] as Tensor };
        return affinePlanes(given.x, mapOf(given.inputs), { layout: row.layout, ...along });
      };
      const box = mapped(reshape(at.x, boxOf(row.layout)), mapOf(at.inputs), at, row.layout);
      expectClose(name, f(at), reshape(box, at.x.shape), tolerances.reference);
      checkGradients(f, at, { order: 3 });
    });
  }
});
