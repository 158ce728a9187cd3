import { cpu, useBackend } from "@evenkeel/autodiff";
import { baseline, names } from "@evenkeel/lab/names";
import { wasm } from "@evenkeel/wasm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { catalogue, untold } from "./catalogue.ts";
import { createSession, type Session } from "./session.ts";
import { defaults, type Settings } from "./settings.ts";

const small: Settings = { ...defaults, norms: ["batchNorm", "groupNorm"], steps: 100 };
const points: Settings = { ...small, data: "spirals", network: "mlp" };

beforeAll(() => void useBackend(wasm()));
afterAll(() => void useBackend(cpu));

async function train(session: Session, steps: number): Promise<number[][]> {
  const curves: number[][] = session.runs.map(() => []);
  for (let i = 0; i < steps; i++) {
    (await session.advance()).forEach((loss, r) => {
      if (loss !== undefined) curves[r]!.push(loss);
    });
  }
  return curves;
}
const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

describe("a session", () => {
  test("trains two norms for 100 steps on glyphs, and the losses fall", async () => {
    const session = createSession(small);
    for (const losses of await train(session, 100)) {
      expect(losses).toHaveLength(100);
      expect(mean(losses.slice(-10))).toBeLessThan(0.75 * mean(losses.slice(0, 10)));
    }
    expect(session.over).toBe(true);
    for (const accuracy of await session.evaluate()) expect(accuracy).toBeGreaterThan(0.3);
  });

  test("separates moons and spirals with the linear layers", async () => {
    for (const data of ["moons", "spirals"] as const) {
      const session = createSession({ ...points, data, lr: 0.01 });
      await train(session, 100);
      for (const accuracy of await session.evaluate()) expect(accuracy).toBeGreaterThan(0.8);
    }
  });

  test("has the same numbers for the same seed, and others for another one", async () => {
    const [first] = await train(createSession(points), 20);
    expect((await train(createSession(points), 20))[0]).toEqual(first);
    expect((await train(createSession({ ...points, seed: 2 }), 20))[0]).not.toEqual(first);
  });

  test("has the same numbers whether or not it is looked at", async () => {
    const session = createSession(points);
    const looked = createSession(points);
    for (let i = 0; i < 20; i++) {
      const losses = await session.advance();
      expect(await looked.advance()).toEqual(losses);
      await looked.measure(1 + (i % 3));
      await looked.evaluate();
    }
  });

  test("gives a norm the numbers that it has alone", async () => {
    const [, second] = await train(createSession(points), 20);
    expect((await train(createSession({ ...points, norms: ["groupNorm"] }), 20))[0]).toEqual(
      second,
    );
  });

  test("starts anew for any choice of the optimizer", async () => {
    const [adam] = await train(createSession(points), 5);
    const [sgd] = await train(createSession({ ...points, optimizer: "sgd" }), 5);
    expect(sgd![0]).toBe(adam![0]);
    expect(sgd!.slice(1)).not.toEqual(adam!.slice(1));
  });
});

describe("a norm in trouble", () => {
  test("stops where its loss is not finite, while the others go on", async () => {
    const session = createSession({
      ...small,
      norms: ["none", "batchNorm"],
      optimizer: "sgd",
      lr: 3,
    });
    const [none, batchNorm] = await train(session, 60);
    expect(session.runs[0]!.status).toBe("diverged");
    expect(session.runs[0]!.trouble!.message).not.toBe("");
    expect(none!.length).toBeLessThan(60);
    expect(none!.every(Number.isFinite)).toBe(true);
    expect(session.runs[1]!.status).toBe("training");
    expect(batchNorm).toHaveLength(60);
    expect((await session.evaluate())[0]).toBeUndefined();
  });

  test("says in its own words what it refuses, while the others go on", async () => {
    const session = createSession({ ...points, norms: ["batchNorm", "layerNorm"], batch: 1 });
    await train(session, 5);
    const [batchNorm, layerNorm] = session.runs;
    expect(batchNorm!.status).toBe("refused");
    expect(batchNorm!.trouble!.message).toMatch(/^batchNorm: expected more than one value/);
    expect(batchNorm!.trouble!.hint).toBeTruthy();
    expect(layerNorm!.status).toBe("training");
    expect(session.over).toBe(false);
  });

  test("ends the session where it is the last", async () => {
    const session = createSession({ ...points, norms: ["batchNorm"], batch: 1 });
    await session.advance();
    expect(session.over).toBe(true);
  });
});

describe("settings", () => {
  test("that are not legal are refused with what is", () => {
    const make = (changes: object) => () => createSession({ ...points, ...changes });
    expect(make({ batch: 129 })).toThrow("batch to be a whole number from 1 to 128, got 129");
    expect(make({ lr: 0 })).toThrow("lr to be a number above 0");
    expect(make({ norms: [] })).toThrow("one to 4 norms");
    expect(make({ norms: ["batchNorm", "batchNorm"] })).toThrow("all different");
    expect(make({ norms: ["bachNorm"] })).toThrow("Did you mean batchNorm?");
    expect(make({ data: "spiral" })).toThrow("Did you mean spirals?");
    expect(make({ network: "conv" })).toThrow('Choose network "mlp"');
  });
});

describe("what is measured of a layer", () => {
  test("has a histogram for every norm, and running statistics where they are kept", async () => {
    const session = createSession({ ...small, norms: ["batchNorm", "groupNorm", "none"] });
    await train(session, 30);
    const [batchNorm, groupNorm, none] = await session.measure(2);
    for (const { histogram } of [batchNorm!, groupNorm!, none!]) {
      expect(histogram!.layer).toBe("norm 2");
      expect(mean(histogram!.before.counts)).toBeGreaterThan(0);
    }
    expect(none!.histogram!.after).toEqual(none!.histogram!.before);
    expect(groupNorm!.statistics).toBeUndefined();
    const { batchMean, runningMean, runningStd, batchStd, drift } = batchNorm!.statistics!;
    expect(batchMean).toHaveLength(32);
    // After thirty batches the running ones have come most of the way.
    const apart = runningMean.map((m, c) => Math.abs(m - batchMean[c]!) / batchStd[c]!);
    expect(Math.max(...apart)).toBeLessThan(1);
    expect(Math.min(...runningStd)).toBeGreaterThan(0);
    expect(drift).toBeGreaterThan(0);
  });

  test("is told of norms that keep a deviation, and of as many channels as the layer has", async () => {
    const session = createSession({ ...points, norms: ["batchRenorm", "batchNorm"], batch: 64 });
    await train(session, 60);
    const [renorm, batchNorm] = (await session.measure(1)).map(({ statistics }) => statistics!);
    expect(renorm!.runningStd).toHaveLength(64);
    // Both start from the same weights and have seen the same batches; the second forgets faster.
    const ratio = mean(renorm!.runningStd) / mean(batchNorm!.runningStd);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  test("is nothing for a norm that has stopped, and before the first step", async () => {
    const session = createSession({ ...points, norms: ["batchNorm"], batch: 1 });
    await session.advance();
    expect((await session.measure(1))[0]!.histogram).toBeUndefined();
  });
});

describe("the list of norms", () => {
  test("has each of the lab's once, but for those that need to be told more", () => {
    const ids = catalogue().map(({ id }) => id);
    expect(ids[0]).toBe(baseline);
    expect([...ids, ...untold].sort()).toEqual([...names].sort());
  });

  test("has those that take a first step on glyphs, and no others", async () => {
    for (const norm of names) {
      const session = createSession({ ...small, norms: [norm], batch: 8 });
      await session.advance();
      const { status, trouble } = session.runs[0]!;
      expect([norm, status, trouble?.message]).toEqual(
        untold.includes(norm)
          ? [norm, "refused", expect.any(String)]
          : [norm, "training", undefined],
      );
    }
  });
});
