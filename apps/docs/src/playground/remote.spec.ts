import { cpu, tensor, useBackend } from "@evenkeel/autodiff";
import { DeviceLostError } from "@evenkeel/gpu";
import { backendTolerance, expectClose, remoteBackend } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { createSession, type Session } from "./session.ts";
import { defaults, type Settings } from "./settings.ts";

const conv: Settings = { ...defaults, norms: ["batchNorm", "groupNorm"], batch: 4, steps: 8 };
const mlp: Settings = { ...conv, data: "moons", network: "mlp" };

afterEach(() => void useBackend(cpu));

async function losses(session: Session): Promise<number[][]> {
  const curves: number[][] = session.runs.map(() => []);
  while (!session.over) {
    (await session.advance()).forEach((loss, i) => void curves[i]!.push(loss!));
  }
  return curves;
}

describe("a session where the backend's memory is out of the process", () => {
  test.each([conv, mlp])("trains two norms with the losses of the CPU: $network", async (s) => {
    const expected = await losses(createSession(s));
    useBackend(remoteBackend());
    const got = await losses(createSession(s));
    useBackend(cpu);
    const { gradient } = backendTolerance("gpu");
    expectClose("losses", tensor(got), tensor(expected), gradient);
  });

  test("evaluates and measures as on the CPU, and keeps no memory", async () => {
    // Adam would make steps of rounding errors: a bias before batch norm has no gradient.
    const sgd: Settings = { ...mlp, optimizer: "sgd" };
    const look = async (session: Session) => {
      await session.advance();
      await session.advance();
      return { accuracies: await session.evaluate(), measured: await session.measure(1) };
    };
    const expected = await look(createSession(sgd));
    const backend = remoteBackend();
    useBackend(backend);
    const session = createSession(sgd);
    const { accuracies, measured } = await look(session);
    const { buffers } = backend.memory;
    await session.advance();
    await session.evaluate();
    await session.measure(2);
    expect(backend.memory.buffers).toBe(buffers);
    expect(accuracies).toEqual(expected.accuracies);
    const [got, wanted] = [measured[0]!, expected.measured[0]!];
    expect(got.histogram!.layer).toBe("norm 1");
    expect(measured[1]!.statistics).toBeUndefined();
    useBackend(cpu);
    for (const name of ["batchMean", "batchStd", "runningMean", "runningStd"] as const) {
      const [a, b] = [got.statistics![name], wanted.statistics![name]];
      expectClose(name, tensor(a), tensor(b), backendTolerance("gpu").gradient);
    }
  });

  test("ends by the loss of the device, which is no norm's fault", async () => {
    const remote = remoteBackend();
    let lost = false;
    const detail = { where: "gpu", expected: "the device that was opened", got: "a lost one" };
    useBackend({
      ...remote,
      run(...op) {
        if (lost) throw new DeviceLostError(detail);
        remote.run(...op);
      },
    });
    const session = createSession(mlp);
    await session.advance();
    lost = true;
    await expect(session.advance()).rejects.toThrow(DeviceLostError);
    expect(session.runs[0]!.status).toBe("training");
  });
});
