import { describe, expect, test } from "vitest";
import type { Report } from "./protocol.ts";
import { createSession } from "./session.ts";
import { defaults, type Settings } from "./settings.ts";
import { createTrainer, type Host } from "./trainer.ts";

const settings: Settings = {
  ...defaults,
  data: "moons",
  network: "mlp",
  norms: ["batchNorm", "layerNorm"],
  batch: 4,
  steps: 50,
};

/** A clock that goes on by `ms` whenever it is read. */
function hostOf(ms: number, rest: () => void = () => {}) {
  let time = 0;
  const reports: Report[] = [];
  const host: Host = {
    report: (report) => void reports.push(structuredClone(report)),
    now: () => (time += ms),
    rest: async () => rest(),
  };
  return { host, reports };
}

describe("a trainer", () => {
  test("hands on every loss once, in order, and ends", async () => {
    const { host, reports } = hostOf(10);
    await createTrainer(createSession(settings), 1, host).run();
    const session = createSession(settings);
    const expected: (number | undefined)[] = [];
    for (let i = 0; i < 50; i++) expected.push((await session.advance())[0]);
    expect(reports.flatMap(({ runs }) => runs[0]!.losses)).toEqual(expected);
    expect(reports.at(-1)).toMatchObject({ step: 50, phase: "over" });
    expect(reports.filter(({ phase }) => phase === "over")).toHaveLength(1);
    expect(reports.at(-1)!.rate).toBeGreaterThan(0);
  });

  test("reports seldom where steps are quick, and evaluates all the same", async () => {
    const { host, reports } = hostOf(0.001);
    await createTrainer(createSession(settings), 1, host).run();
    expect(reports).toHaveLength(2);
    const steps = reports[1]!.runs[0]!.accuracies.map(({ step }) => step);
    expect(steps).toHaveLength(25);
    expect(steps.at(-1)).toBe(50);
    expect(reports[1]!.measured).toHaveLength(2);
  });

  test("pauses between steps, and goes on where it was", async () => {
    let pause = (): void => {};
    const { host, reports } = hostOf(20, () => pause());
    const trainer = createTrainer(createSession(settings), 1, host);
    pause = trainer.pause;
    await trainer.run();
    const { step, phase } = reports.at(-1)!;
    expect(phase).toBe("paused");
    expect(step).toBeLessThan(50);
    await trainer.step();
    expect(reports.at(-1)).toMatchObject({ step: step + 1, phase: "paused" });
    pause = () => {};
    await trainer.run();
    expect(reports.flatMap(({ runs }) => runs[1]!.losses)).toHaveLength(50);
  });

  test("measures another layer at once", async () => {
    const { host, reports } = hostOf(0.001);
    const trainer = createTrainer(createSession(settings), 1, host);
    await trainer.step();
    await trainer.look(3);
    const layers = reports.map(({ measured }) => measured![0]!.histogram!.layer);
    expect(layers).toEqual(["norm 1", "norm 3"]);
  });

  test("does one thing at a time while it waits for numbers", async () => {
    const session = createSession(settings);
    const { host, reports } = hostOf(20);
    let meanwhile = (): void => {};
    const slow: typeof session = Object.create(session, {
      advance: {
        value: async () => {
          await Promise.resolve();
          meanwhile();
          return session.advance();
        },
      },
    });
    const trainer = createTrainer(slow, 1, host);
    const others: Promise<void>[] = [];
    meanwhile = () => {
      others.push(trainer.run(), trainer.step(), trainer.look(2));
      meanwhile = () => {};
    };
    await trainer.run();
    await Promise.all(others);
    expect(reports.flatMap(({ runs }) => runs[0]!.losses)).toHaveLength(50);
    expect(reports.filter(({ phase }) => phase === "over")).toHaveLength(1);
    const seen = reports.flatMap(({ measured = [] }) => measured[0]?.histogram?.layer ?? []);
    expect(new Set(seen)).toEqual(new Set(["norm 2"]));
  });
});
