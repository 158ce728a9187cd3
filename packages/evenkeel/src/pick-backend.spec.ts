import { type Backend, cpu, currentBackend, useBackend } from "@evenkeel/autodiff";
import { remoteBackend } from "@evenkeel/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { pickBackend, thresholdOf } from "./pick-backend.ts";

afterEach(() => useBackend(cpu));

/** A GPU that takes no time, or very much of it. */
function gpuOf(speed: "fast" | "slow"): () => Promise<Backend> {
  const remote = remoteBackend();
  const run: Backend["run"] = () => {
    const until = performance.now() + (speed === "slow" ? 1 : 0);
    while (performance.now() < until);
  };
  return async () => ({ ...remote, name: speed, run });
}

describe("pickBackend", () => {
  test("takes wasm where no gpu is given, and says so", async () => {
    const { backend, reason, threshold } = await pickBackend();
    expect(currentBackend()).toBe(backend);
    expect({ name: backend.name, reason, threshold }).toEqual({
      name: "wasm",
      reason: "wasm, because no gpu was given",
      threshold: Number.POSITIVE_INFINITY,
    });
  });

  test("takes wasm where the gpu cannot be opened, and says why", async () => {
    const { backend, reason } = await pickBackend({
      gpu: () => Promise.reject(new Error("gpu: there is none")),
    });
    expect([backend.name, reason]).toEqual(["wasm", "wasm, because gpu: there is none"]);
  });

  test("takes wasm where the gpu is slower at every size", async () => {
    const { backend, reason } = await pickBackend({ gpu: gpuOf("slow"), elements: 2 ** 22 });
    expect([backend.name, reason]).toEqual([
      "wasm",
      "wasm, because it is faster at every size measured",
    ]);
  });

  test("takes the gpu for arrays from the size on at which it is faster", async () => {
    const { backend, threshold, reason } = await pickBackend({
      gpu: gpuOf("fast"),
      elements: 2 ** 22,
    });
    expect(currentBackend()).toBe(backend);
    expect(backend.name).toBe("fast");
    expect(reason).toBe(`gpu, because it is faster from ${threshold} elements on`);
  });

  test("measures once", async () => {
    let opened = 0;
    const slow = gpuOf("slow");
    const gpu = (): Promise<Backend> => {
      opened++;
      return slow();
    };
    await pickBackend({ gpu });
    await pickBackend({ gpu, elements: 5 });
    expect(opened).toBe(1);
  });

  test("refuses a size that is none, and leaves the backend alone", async () => {
    await expect(pickBackend({ elements: 0.5 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[OptionError: pickBackend: expected elements to be a positive whole number, got 0.5.]`,
    );
    expect(currentBackend()).toBe(cpu);
  });

  test("asks for a win at every larger size as well, and times none that cannot matter", async () => {
    const timed: number[] = [];
    const threshold = (...won: readonly number[]): Promise<number> =>
      thresholdOf([1, 2, 3, 4], async (size) => {
        timed.push(size);
        return won.includes(size);
      });
    expect(await threshold(1, 3, 4)).toBe(3);
    expect(await threshold(1, 2, 3, 4)).toBe(1);
    expect(timed.splice(0)).toEqual([4, 3, 2, 4, 3, 2, 1]);
    expect(await threshold(1, 2, 3)).toBe(Number.POSITIVE_INFINITY);
    expect(timed).toEqual([4]);
  });
});
