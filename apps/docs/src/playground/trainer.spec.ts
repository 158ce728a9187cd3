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
    const expected = Array.from({ length: 50 }, () => session.advance()[0]);
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
    trainer.step();
    expect(reports.at(-1)).toMatchObject({ step: step + 1, phase: "paused" });
    pause = () => {};
    await trainer.run();
    expect(reports.flatMap(({ runs }) => runs[1]!.losses)).toHaveLength(50);
  });

  test("measures another layer at once", () => {
    const { host, reports } = hostOf(0.001);
    const trainer = createTrainer(createSession(settings), 1, host);
    trainer.step();
    trainer.look(3);
    const layers = reports.map(({ measured }) => measured![0]!.histogram!.layer);
    expect(layers).toEqual(["norm 1", "norm 3"]);
  });
});
