import {
  add,
  cast,
  fail,
  gather,
  mean,
  mul,
  ones,
  reshape,
  ShapeError,
  stopGradient,
  sub,
  type Tensor,
  tensor,
  zeros,
} from "@evenkeel/autodiff";
import {
  type Applied,
  axis,
  count,
  defineNorm,
  type Mode,
  type Tensors,
} from "@evenkeel/norm-core";
import { describe, expect, test } from "vitest";
import { at, build, eachIndex, ndarray } from "./ndarray.ts";
import type { NormCall, NormCase } from "./norm-case.ts";
import { normSuite } from "./norm-suite.ts";

interface Options {
  readonly numFeatures: number;
  readonly channelAxis?: number;
}
type Apply = (x: Tensor, params: Tensors, state: Tensors, o: Required<Options>, m: Mode) => Applied;

/** weight · (x − center): by the batch's mean of each channel, or by the running one. */
const center: Apply = (x, { weight }, { running }, { numFeatures, channelAxis }, mode) => {
  const channel = (channelAxis + x.rank) % Math.max(x.rank, 1);
  if (x.rank < 2 || x.shape[channel] !== numFeatures || x.size === 0) {
    fail({ where: "center", expected: `${numFeatures} channels`, got: `[${x.shape}]` }, ShapeError);
  }
  if (x.data.some((v) => Math.abs(v) > 1e30)) {
    fail({ where: "center", expected: "numbers up to 1e30", got: "larger ones" });
  }
  const wide = (t: Tensor): Tensor =>
    reshape(
      t,
      x.shape.map((n, i) => (i === channel ? n : 1)),
    );
  const batch = mean(mul(x, 0.5), { axes: x.shape.map((_, i) => i).filter((i) => i !== channel) });
  const middle = mode.statistics === "batch" ? mul(batch, 2) : running!;
  const next = mode.update ? add(mul(0.5, running!), stopGradient(batch)) : running!;
  return { output: mul(wide(weight!), sub(x, wide(middle))), state: { running: next } };
};

function reference({ x, params, state, mode }: NormCall<Options>) {
  const channels = x.shape[1]!;
  const sums = ndarray([channels]);
  eachIndex(x.shape, (index) => {
    sums.data[index[1]!]! += (at(x, index) * channels) / x.data.length;
  });
  const middle = mode.statistics === "batch" ? sums : state["running"]!;
  const running = state["running"]!.data.map((v, c) => 0.5 * v + 0.5 * sums.data[c]!);
  return {
    output: build(
      x.shape,
      (i) => params["weight"]!.data[i[1]!]! * (at(x, i) - middle.data[i[1]!]!),
    ),
    state: { running: mode.update ? ndarray([channels], running) : state["running"]! },
  };
}

function caseOf(
  run: Apply,
  more: Partial<NormCase<Options>> = {},
  fusesActivation = false,
): NormCase<Options> {
  const norm = defineNorm<Options>({
    fusesActivation,
    card: { id: "center" } as never,
    options: { numFeatures: count(), channelAxis: axis(1) },
    init: ({ numFeatures }, dtype) => ({
      params: { weight: ones([numFeatures], { dtype }) },
      state: { running: zeros([numFeatures], { dtype }) },
    }),
    apply: (x, params, state, options, { mode }) => run(x, params, state, options, mode),
  });
  return { norm, options: (numFeatures) => [{ numFeatures }], reference, ...more };
}

/** The names of the checks that fail. */
function failing(norm: NormCase<Options>): string[] {
  return normSuite(norm)
    .filter(({ run }) => {
      try {
        run();
        return false;
      } catch {
        return true;
      }
    })
    .map(({ name }) => name);
}

const withOutput =
  (change: (y: Tensor, x: Tensor, p: Tensors, m: Mode) => Tensor): Apply =>
  (x, params, state, options, mode) => {
    const applied = center(x, params, state, options, mode);
    return { ...applied, output: change(applied.output, x, params, mode) };
  };

describe("normSuite", () => {
  test("passes a norm that keeps its promises, and names them", () => {
    const right = caseOf(center);
    expect(failing(right)).toEqual([]);
    expect(normSuite(right).map(({ name }) => name)).toMatchInlineSnapshot(`
      [
        "output and state equal the reference in training",
        "output and state equal the reference in evaluation",
        "output and state equal the reference in training without an update",
        "gradients of order 1 to 3 equal finite differences",
        "two runs give the same bits and modify nothing",
        "a relu asked for is a relu on the output",
        "no gradient reaches the state",
        "any channel axis gives what axis 1 gives",
        "permuting the batch permutes the output",
        "splitting the batch in evaluation changes nothing",
        "stays finite or throws a named error for all zero",
        "stays finite or throws a named error for one constant",
        "stays finite or throws a named error for constant channels",
        "stays finite or throws a named error for an offset of 1e6",
        "stays finite or throws a named error for an offset of -1e30",
        "stays finite or throws a named error for numbers near float32's largest",
        "stays finite or throws a named error for numbers whose squares overflow",
        "stays finite or throws a named error for numbers near float32's smallest",
        "stays finite or throws a named error for one huge number",
        "wrong and empty inputs are named errors",
        "float32 on cpu agrees with float64",
      ]
    `);
  });

  test("finds an activation that is claimed and not applied", () => {
    expect(failing(caseOf(center, {}, true))).toEqual(["a relu asked for is a relu on the output"]);
  });

  test("does not try an extreme that the case excepts", () => {
    const nan = withOutput((y) => mul(y, Number.NaN));
    const exceptExtreme = (name: string) => (name === "all zero" ? "a reason" : undefined);
    expect(failing(caseOf(nan, { exceptExtreme })).join()).not.toContain("all zero");
  });

  const first = (x: Tensor): Tensor => gather(x, [0]);
  test.each<[string, Apply, string]>([
    [
      "a wrong output",
      withOutput((y) => add(y, 1e-9)),
      "output and state equal the reference in evaluation",
    ],
    [
      "a wrong state",
      (x, p, s, o, m) => ({
        ...center(x, p, s, o, m),
        state: { running: add(s["running"]!, 1e-8) },
      }),
      "output and state equal the reference in training",
    ],
    [
      "a parameter without a gradient",
      (x, p, ...rest) => center(x, { weight: stopGradient(p["weight"]!) }, ...rest),
      "gradients of order 1 to 3 equal finite differences",
    ],
    [
      "a statistic held constant",
      (x, p, s, o, m) => {
        const still = center(stopGradient(x), p, s, o, m).output;
        return { ...center(x, p, s, o, m), output: add(still, sub(x, stopGradient(x))) };
      },
      "gradients of order 1 to 3 equal finite differences",
    ],
    [
      "a modified input",
      (x, ...rest) => {
        const applied = center(x, ...rest);
        x.data[0]! += 1;
        return applied;
      },
      "two runs give the same bits and modify nothing",
    ],
    [
      "a modified state",
      (x, p, s, o, m) => {
        const applied = center(x, p, s, o, m);
        s["running"]!.data[0]! += 1;
        return applied;
      },
      "two runs give the same bits and modify nothing",
    ],
    [
      "a state that gradients flow through",
      (x, p, s, o, m) => ({
        ...center(x, p, s, o, m),
        state: { running: mul(mean(x), ones([o.numFeatures], x)) },
      }),
      "no gradient reaches the state",
    ],
    [
      "an axis that is passed over",
      (x, p, s, o, m) => center(x, p, s, { ...o, channelAxis: 1 }, m),
      "any channel axis gives what axis 1 gives",
    ],
    [
      "an output that depends on the order of samples",
      withOutput((y, x, _p, m) => (m.statistics === "batch" ? sub(y, first(x)) : y)),
      "permuting the batch permutes the output",
    ],
    [
      "an evaluation that looks at the batch",
      withOutput((y, x) => sub(y, mean(x))),
      "splitting the batch in evaluation changes nothing",
    ],
    [
      "NaN from a constant channel",
      withOutput((y) =>
        mul(y, tensor(y.data.every((v) => v === 0) ? Number.NaN : 1, y.dtype as never)),
      ),
      "stays finite or throws a named error for all zero",
    ],
    [
      "an error without a name",
      (x, ...rest) => {
        if (x.size === 0) throw new RangeError("empty");
        return center(x, ...rest);
      },
      "wrong and empty inputs are named errors",
    ],
    [
      "digits lost in float32",
      withOutput((y) => (y.dtype === "float32" ? mul(y, 1.001) : y)),
      "float32 on cpu agrees with float64",
    ],
    [
      "an output in another dtype",
      withOutput((y) => cast(y, "float64")),
      "float32 on cpu agrees with float64",
    ],
  ])("finds %s", (_what, broken, promise) => {
    expect(failing(caseOf(broken))).toContain(promise);
  });
});
