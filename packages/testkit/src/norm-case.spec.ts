import { cpu, fail, mul, ones, reshape, ShapeError, type Tensor, zeros } from "@evenkeel/autodiff";
import { type Applied, count, defineNorm, evaluation, type Tensors } from "@evenkeel/norm-core";
import { describe, expect, test } from "vitest";
import { at, build } from "./ndarray.ts";
import type { NormCase } from "./norm-case.ts";
import { normSuite } from "./norm-suite.ts";

interface Options {
  readonly numFeatures: number;
}
type Apply = (x: Tensor, params: Tensors, options: Options) => Applied;

/** weight · x, channel by channel: the least that a norm can do. */
const scale: Apply = (x, { weight }, { numFeatures }) => {
  if (x.rank < 2 || x.shape[1] !== numFeatures || x.size === 0) {
    fail({ where: "scale", expected: `${numFeatures} channels`, got: `[${x.shape}]` }, ShapeError);
  }
  if (x.data.some((v) => Math.abs(v) > 1e30)) {
    fail({ where: "scale", expected: "numbers up to 1e30", got: "larger ones" });
  }
  const wide = x.shape.map((n, i) => (i === 1 ? n : 1));
  return { output: mul(x, reshape(weight!, wide)), state: {} };
};

function caseOf(apply: Apply, more: Partial<NormCase<Options>> = {}): NormCase<Options> {
  const norm = defineNorm<Options>({
    card: { id: "scale" } as never,
    options: { numFeatures: count() },
    init: ({ numFeatures }, dtype) => ({
      params: { weight: ones([numFeatures], { dtype }) },
      state: {},
    }),
    apply: (x, params, _state, options) => apply(x, params, options),
  });
  return {
    norm,
    options: (numFeatures) => [{ numFeatures }],
    reference: ({ x, params, state }) => ({
      output: build(x.shape, (i) => params["weight"]!.data[i[1]!]! * at(x, i)),
      state,
    }),
    batchIndependent: true,
    ...more,
  };
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

describe("what a case adds", () => {
  const message = "scale: expected 3 channels, got [4,5].";
  const added: Partial<NormCase<Options>> = {
    reducesTo: [
      {
        name: "its input at weight 1 in evaluation",
        modes: [evaluation],
        params: ({ weight }) => ({ weight: ones(weight!.shape, weight) }),
        equals: ({ x }) => x,
      },
    ],
    laws: [
      {
        name: "the weight scales the output",
        holds({ bound, x, params, state }) {
          const [one, two] = [1, 2].map((by) => {
            const weight = mul(params["weight"]!, by);
            return bound.apply(x, { weight }, state).output;
          });
          expect(mul(one!, 2).data).toEqual(two!.data);
        },
      },
    ],
    rejects: [
      {
        name: "other channels",
        run: ({ bound, params, state }) => bound.apply(zeros([4, 5]), params, state),
        message,
      },
    ],
  };
  test("reductions, laws and rejections are checked", () => {
    const names = normSuite(caseOf(scale, added)).map(({ name }) => name);
    expect(names.slice(-3)).toEqual([
      "equals its input at weight 1 in evaluation",
      "the weight scales the output",
      "other channels is refused",
    ]);
    expect(failing(caseOf(scale, added))).toEqual([]);
  });
  test("and found where they do not hold", () => {
    const broken: Partial<NormCase<Options>> = {
      reducesTo: [{ ...added.reducesTo![0]!, equals: ({ x }) => build(x.shape, () => 7) }],
      laws: [{ name: "nothing holds", holds: () => expect.unreachable() }],
      rejects: [{ ...added.rejects![0]!, message: "scale: other words." }],
    };
    expect(failing(caseOf(scale, broken))).toEqual([
      "equals its input at weight 1 in evaluation",
      "nothing holds",
      "other channels is refused",
    ]);
  });
  test("a rejection that has modified its parameters is found", () => {
    const clumsy: Apply = (x, params, options) => {
      params["weight"]!.data[0]! += 1;
      return scale(x, params, options);
    };
    expect(failing(caseOf(clumsy, added))).toContain("other channels is refused");
  });
  test("shapes that are not accepted must be refused", () => {
    const accepts = ([n]: readonly number[]): boolean => n! > 1;
    const name = "shapes that the method does not take are named errors";
    expect(failing(caseOf(scale, { accepts }))).toEqual([name]);
    const strict: Apply = (x, ...rest) => {
      if ((x.shape[0] ?? 0) < 2) fail({ where: "scale", expected: "two samples", got: "one" });
      return scale(x, ...rest);
    };
    expect(
      failing(caseOf(strict, { accepts, exceptions: { splitting: "needs two samples" } })),
    ).not.toContain(name);
  });
  test("an exception leaves its promise out, with the reason in the case", () => {
    const name = "permuting the batch permutes the output";
    const namesOf = (norm: NormCase<Options>) => normSuite(norm).map((check) => check.name);
    const exceptions = { permutation: "the order matters" };
    expect(namesOf(caseOf(scale))).toContain(name);
    expect(namesOf(caseOf(scale, { exceptions }))).not.toContain(name);
  });
  test("a lower order of gradients needs its reason", () => {
    expect(() => normSuite(caseOf(scale, { gradientOrder: 1 }))).toThrow(
      "case of scale: expected exceptions.gradients with the reason exactly where gradientOrder is below 3, got gradientOrder 1 and undefined.",
    );
    const exceptions = { gradients: "a step function" };
    const names = normSuite(caseOf(scale, { gradientOrder: 1, exceptions })).map((c) => c.name);
    expect(names).toContain("gradients of order 1 equal finite differences");
  });
  test("golden files that the case names must be given, or left out on purpose", () => {
    const golden = [{ method: "scale", options: () => ({ numFeatures: 1 }) }];
    expect(() => normSuite(caseOf(scale, { golden }))).toThrow(
      "normSuite of scale: expected the golden file of scale, got none. Pass { golden: [file, …] }, or { golden: null } to leave them out.",
    );
    normSuite(caseOf(scale, { golden }), { golden: null });
  });
  test("further backends are held to float64 too", () => {
    const lossy = { ...cpu, name: "lossy", run: cpu.run };
    const broken: typeof cpu = {
      ...lossy,
      run(spec, out, inputs, params) {
        cpu.run(spec, out, inputs, params);
        if (spec.name === "mul") out.data[0]! *= 1.01;
      },
    };
    const check = (backend: typeof cpu): (() => void) =>
      normSuite(caseOf(scale), { backends: [backend] }).find(
        ({ name }) => name === "float32 on lossy agrees with float64",
      )!.run;
    check(lossy)();
    expect(check(broken)).toThrow("float32 on lossy");
  });
});
