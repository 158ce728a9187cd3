import {
  add,
  cpu,
  EvenkeelError,
  mul,
  random,
  release,
  scope,
  tensor,
  useBackend,
} from "@evenkeel/autodiff";
import { afterEach, describe, expect, test } from "vitest";
import { remoteBackend } from "./remote.ts";

afterEach(() => useBackend(cpu));

describe("remoteBackend", () => {
  test("computes what the CPU computes, and gives it to those who wait", async () => {
    const x = random(1).normal([2, 3]);
    const expected = mul(add(x, 1), x).data.slice();
    useBackend(remoteBackend());
    const y = mul(add(x, 1), x);
    expect(await y.read()).toEqual(expected);
  });
  test("refuses to be read at once", () => {
    useBackend(remoteBackend());
    const x = tensor([1, 2]);
    expect(() => x.data).toThrow(EvenkeelError);
    expect(() => x.data).toThrow(
      "data: expected memory in the process, got memory of the remote backend. Use await read().",
    );
    expect(() => tensor([1]).item()).toThrow(EvenkeelError);
  });
  test("refuses float64 made of what it holds", () => {
    useBackend(remoteBackend());
    const x = tensor([1, 2]);
    useBackend(cpu);
    expect(() => add(x, x)).toThrow("got memory of the remote backend");
  });
  test("counts kernels, and what its tensors hold", () => {
    const backend = remoteBackend();
    useBackend(backend);
    const x = tensor([1, 2, 3]);
    const y = scope(() => add(add(x, x), x));
    expect(backend.launches).toBe(2);
    expect(backend.memory).toEqual({ buffers: 2, bytes: 24 });
    release(x, y);
    expect(backend.memory).toEqual({ buffers: 0, bytes: 0 });
  });
});
