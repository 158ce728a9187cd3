import { cast, defineOp, fail, mul, random, sum, type Tensor, tensor } from "@evenkeel/autodiff";
import { describe, expect, test } from "vitest";
import { shapes, tensors } from "./arbitrary.ts";
import { backendSuite, elementwise, type OpCase, opSuite } from "./op-suite.ts";
import { remoteBackend } from "./remote.ts";

const doubleCase = (): OpCase => ({
  name: "double",
  call: ([x]) => mul(x!, 2),
  samples: tensors(shapes({ minRank: 1 })).map((x) => ({ inputs: [x], params: undefined })),
  reference: elementwise((x) => 2 * x!),
  specialValues: [
    {
      name: "1",
      inputs: [tensor([1], { dtype: "float64" })],
      params: undefined,
      output: [2],
      gradients: [[2]],
    },
  ],
  rejects: [
    {
      name: "everything",
      call: () => fail({ where: "double", expected: "less", got: "more" }),
      message: "double: expected less, got more.",
    },
  ],
});

/** The names of the checks that fail. */
function failing(op: OpCase): string[] {
  return opSuite(op)
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

/** double with a kernel and a rule of its own. */
function doubleBy(kernel: (out: Tensor, x: Tensor) => void, rule: (g: Tensor) => Tensor | null) {
  const op = defineOp<void>({
    name: "double",
    shape: ([x]) => x!,
    kernel: (out, [x]) => kernel(out, x!),
    vjp: (g) => [rule(g)],
  });
  return ([x]: readonly Tensor[]): Tensor => op([x!], undefined);
}
const fill = (out: Tensor, x: Tensor): void => out.data.set(x.data.map((v) => 2 * v));
const twice = (g: Tensor): Tensor => mul(g, 2);

describe("opSuite", () => {
  const double = doubleCase();
  test("passes a right op, by any rule", () => {
    expect(failing(double)).toEqual([]);
    expect(failing({ ...double, call: doubleBy(fill, twice) })).toEqual([]);
  });
  test("names every promise", () => {
    expect(opSuite(double).map(({ name }) => name)).toEqual([
      "double equals its reference",
      "double gives the same bits twice and modifies no input",
      "double in float32 on cpu agrees with float64",
      "double of 1, in float32 on cpu",
      "double has right gradients of orders 1 to 3",
      "double of 1",
      "double refuses everything",
    ]);
  });
  test("finds a wrong value", () => {
    const off = doubleBy((out, x) => out.data.set(x.data.map((v) => 2 * v + 1e-9)), twice);
    expect(failing({ ...double, call: off })).toContain("double equals its reference");
  });
  test("finds a missing and a wrong gradient", () => {
    for (const rule of [() => null, (g: Tensor) => mul(g, 2.001)]) {
      const found = failing({ ...double, call: doubleBy(fill, rule) });
      expect(found).toEqual([
        "double of 1, in float32 on cpu",
        "double has right gradients of orders 1 to 3",
        "double of 1",
      ]);
    }
  });
  test("finds a modified input", () => {
    const greedy = doubleBy((out, x) => {
      fill(out, x);
      x.data[0] = 9;
    }, twice);
    expect(failing({ ...doubleCase(), call: greedy })).toContain(
      "double gives the same bits twice and modifies no input",
    );
  });
  test("finds numbers that change from run to run", () => {
    const stream = random(1);
    const noisy = ([x]: readonly Tensor[]): Tensor => mul(x!, 2 + 1e-14 * stream.next());
    expect(failing({ ...double, call: noisy })).toContain(
      "double gives the same bits twice and modifies no input",
    );
  });
  test("finds float32 that has lost digits", () => {
    const coarse = ([x]: readonly Tensor[]): Tensor =>
      x!.dtype === "float64" ? mul(x!, 2) : mul(x!, 2.001);
    expect(failing({ ...double, call: coarse })).toEqual([
      "double in float32 on cpu agrees with float64",
      "double of 1, in float32 on cpu",
    ]);
  });
  test("finds another message, a call that goes through, and an error that is not ours", () => {
    const rejects = (call: () => unknown) => [{ ...double.rejects![0]!, call }];
    for (const call of [
      () => fail({ where: "double", expected: "less", got: "much more" }),
      () => sum(tensor([1])),
      () => new Float32Array(-1),
    ]) {
      expect(failing({ ...double, rejects: rejects(call) })).toEqual(["double refuses everything"]);
    }
  });
  test("does not differentiate an op that has no gradient on purpose", () => {
    const names = opSuite({ ...double, call: ([x]) => cast(x!, x!.dtype), order: 0 });
    expect(names.some(({ name }) => name.includes("gradient"))).toBe(false);
  });
});

describe("backendSuite on a backend whose memory is out of the process", () => {
  const double = doubleCase();
  const backend = remoteBackend();

  /** The names of the checks that fail, once they are read. */
  async function failingThere(op: OpCase, share = 1): Promise<string[]> {
    const found: string[] = [];
    for (const { name, run } of backendSuite(op, backend, { share })) {
      const ran = run();
      expect(ran).toBeInstanceOf(Promise);
      await (ran as Promise<void>).catch(() => found.push(name));
    }
    return found;
  }

  test("passes a right op, and holds nothing afterwards", async () => {
    expect(await failingThere(double)).toEqual([]);
    expect(backend.memory).toEqual({ buffers: 0, bytes: 0 });
  });
  test("finds float32 that has lost digits, and a wrong gradient", async () => {
    const coarse = ([x]: readonly Tensor[]): Tensor =>
      x!.dtype === "float64" ? mul(x!, 2) : mul(x!, 2.001);
    const all = [
      "double in float32 on remote agrees with float64",
      "double of 1, in float32 on remote",
    ];
    expect(await failingThere({ ...double, call: coarse })).toEqual(all);
    const half = (g: Tensor): Tensor => mul(g, g.dtype === "float64" ? 2 : 1);
    expect(await failingThere({ ...double, call: doubleBy(fill, half) })).toEqual(all);
    expect(backend.memory).toEqual({ buffers: 0, bytes: 0 });
  });
  test("finds what is read at once", async () => {
    const hasty = ([x]: readonly Tensor[]): Tensor => mul(x!, x!.data.length > 0 ? 2 : 1);
    expect(await failingThere({ ...double, call: hasty })).toHaveLength(2);
    expect(failing({ ...double, call: hasty })).toEqual([]);
  });
  test("draws a share of the samples", async () => {
    const ran = async (share: number): Promise<number> => {
      const before = backend.launches;
      await failingThere({ ...double, specialValues: [] }, share);
      return backend.launches - before;
    };
    expect((await ran(0.2)) * 5).toBe(await ran(1));
  });
  test("leaves out special values that need NaN or infinity", () => {
    const special = double.specialValues![0]!;
    const odd = [Number.NaN, Number.POSITIVE_INFINITY].flatMap((v) => [
      { ...special, inputs: [tensor([v])] },
      { ...special, output: [v] },
      { ...special, gradients: [[v]] },
    ]);
    const names = backendSuite({ ...double, specialValues: [...odd, special] }, backend);
    expect(names.map(({ name }) => name)).toEqual([
      "double in float32 on remote agrees with float64",
      "double of 1, in float32 on remote",
    ]);
  });
  test("wants a named error of an op for memory in the process alone", () => {
    const own = { ...double, inProcessOnly: "it looks at the first number" };
    const looks = ([x]: readonly Tensor[]): Tensor => mul(x!, 0 * x!.data[0]! + 2);
    const [only, ...rest] = backendSuite({ ...own, call: looks }, backend);
    expect(rest).toEqual([]);
    expect(only!.name).toBe("double is a named error on remote");
    only!.run();
    expect(() => backendSuite(own, backend)[0]!.run()).toThrow("expected an EvenkeelError");
    expect(failing({ ...own, call: looks })).toEqual([]);
  });
});
