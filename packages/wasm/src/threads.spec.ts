import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Worker } from "node:worker_threads";
import {
  add,
  cpu,
  EvenkeelError,
  exp,
  matmul,
  OptionError,
  ones,
  random,
  useBackend,
  zeros,
} from "@evenkeel/autodiff";
import { sameBits } from "@evenkeel/testkit";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type WasmBackend, type WasmOptions, wasm } from "./backend.ts";
import { compile } from "./build.ts";
import { Heap } from "./heap.ts";
import { type Exports, instantiate } from "./module.ts";
import { SharedTeam } from "./threads.ts";
import { INSIDE, NEXT } from "./worker.ts";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  useBackend(cpu);
});

/** More than one thread is asked to do. */
const large = 2 ** 18;

/** A backend whose workers are at work. */
async function started(threads: number, options: WasmOptions = {}): Promise<WasmBackend> {
  const backend = wasm({ threads, ...options });
  useBackend(backend);
  exp(zeros([large]));
  await vi.waitFor(() => expect(backend.threads).toBe(threads));
  return backend;
}

/** The workers that are started meanwhile. */
async function workersOf(start: () => Promise<unknown>): Promise<Worker[]> {
  const workers: Worker[] = [];
  const note = (worker: Worker): void => void workers.push(worker);
  process.on("worker", note);
  await start();
  process.off("worker", note);
  return workers;
}

describe("workers", () => {
  test("start with the first large op and not before", async () => {
    const backend = wasm({ threads: 2 });
    useBackend(backend);
    const workers = await workersOf(async () => exp(zeros([100])));
    expect(workers).toHaveLength(0);
    expect(backend.threads).toBe(1);
    exp(zeros([large]));
    await vi.waitFor(() => expect(backend.threads).toBe(2));
  });

  test("that die between ops are not missed", async () => {
    const x = random(1).normal([large]);
    const expected = add(x, x);
    let backend: WasmBackend | undefined;
    const workers = await workersOf(async () => {
      backend = await started(3);
    });
    await Promise.all(workers.map((w) => w.terminate()));
    expect(backend?.threads).toBe(1);
    expect(sameBits(add(x, x), expected)).toBe(true);
  });

  test("end when nobody has their backend any more", async () => {
    setFlagsFromString("--expose_gc");
    const collect = runInNewContext("gc") as () => void;
    const [worker] = await workersOf(() => started(2));
    useBackend(cpu);
    const ended = once(worker!, "exit");
    const collecting = setInterval(collect, 10);
    await ended;
    clearInterval(collecting);
    expect(worker!.threadId).toBe(-1);
  });

  test("keep no process alive, asleep or not", async () => {
    const program = `
      import { exp, useBackend, zeros } from "@evenkeel/autodiff";
      import { wasm } from "@evenkeel/wasm";
      const backend = wasm({ threads: 3 });
      useBackend(backend);
      do exp(zeros([${large}])); while (backend.threads < 3);
      console.log(backend.threads);
    `;
    const flags = ["--conditions=@evenkeel/source", "--input-type=module", "--eval", program];
    const child = await promisify(execFile)(process.execPath, flags, { cwd: import.meta.dirname });
    expect(child.stdout).toBe("3\n");
  });

  test("see memory that grew after they had started", async () => {
    const backend = await started(3);
    const before = backend.heapBytes;
    const held = Array.from({ length: 8 }, (_, i) => random(i).normal([1000, 1000]));
    expect(backend.heapBytes).toBeGreaterThan(before + 8 * 4_000_000 - 1);
    const one = ones([2, 1000]);
    // The kernel of few rows clears its part of out before: bulk operations have checks of their own.
    const got = held.map((t) => [add(t, 1), matmul(one, t)]);
    useBackend(wasm());
    for (const [i, [sums, products]] of got.entries()) {
      const t = random(i).normal([1000, 1000]);
      expect(sameBits(sums!, add(t, 1))).toBe(true);
      expect(sameBits(products!, matmul(ones([2, 1000]), t))).toBe(true);
    }
  });
});

describe("memory that threads share", () => {
  test("is read as a copy of one's own", async () => {
    await started(2);
    const x = add(random(1).normal([3]), 1);
    expect(x.data.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect((await x.read()).buffer).toBeInstanceOf(ArrayBuffer);
  });

  test("is ordinary for one thread, and where there is no SharedArrayBuffer", () => {
    useBackend(wasm());
    expect(zeros([3]).data.buffer).toBeInstanceOf(ArrayBuffer);
    vi.stubGlobal("SharedArrayBuffer", undefined);
    const backend = wasm({ threads: 4 });
    useBackend(backend);
    const x = exp(zeros([large]));
    expect(x.data.buffer).toBeInstanceOf(ArrayBuffer);
    expect(x.data.every((v) => v === 1)).toBe(true);
    expect(backend.threads).toBe(1);
  });
});

test("one thread does all where addresses for shared memory are short", () => {
  const { Memory } = WebAssembly;
  vi.spyOn(WebAssembly, "Memory").mockImplementation(function (this: unknown, descriptor) {
    if (descriptor.shared) throw new RangeError("could not allocate memory");
    return new Memory(descriptor);
  });
  const backend = wasm({ threads: 2 });
  useBackend(backend);
  expect(exp(zeros([large])).data.buffer).toBeInstanceOf(ArrayBuffer);
  expect(backend.threads).toBe(1);
});

test("a number of threads that there cannot be is refused", () => {
  const refused = (threads: number) => () => wasm({ threads });
  const expected = 'threads to be a whole number from 1 to 32, or "auto"';
  for (const got of [0, 1.5, 33]) {
    expect(refused(got)).toThrow(OptionError);
    expect(refused(got)).toThrow(`wasm: expected ${expected}, got ${got}.`);
  }
});

/** A team with kernels of the test's own on this thread. */
async function teamWith(
  own: (word: () => Int32Array) => Partial<Exports>,
): Promise<{ team: SharedTeam; bad: number[][] }> {
  const { memory } = new Heap(100, true);
  const module = compile({ relaxed: false, shared: true });
  const kernels: Exports = instantiate(module, memory);
  let team: SharedTeam;
  const options = { module, memory, most: 2, patience: 50 };
  team = new SharedTeam({ ...kernels, ...own(() => team["word"]) }, options);
  team.split("clear", [
    [4096, 16],
    [4096, 16],
  ]);
  await vi.waitFor(() => expect(team.running).toBe(2));
  const beyond = 2 ** 31;
  return { team, bad: Array.from({ length: 4 }, () => [beyond, beyond, 16]) };
}

describe("a kernel that fails", () => {
  test("on another thread is an error on this one, and the next op works", async () => {
    // This thread waits in its call until another has taken one.
    const { team, bad } = await teamWith((word) => ({
      relu: () => {
        while (Atomics.load(word(), NEXT) === 1);
      },
    }));
    expect(() => team.split("relu", bad)).toThrow(
      "wasm: expected relu to finish, got an error on another thread.",
    );
    team.split("clear", [
      [4096, 16],
      [4096, 16],
    ]);
    expect(team.running).toBe(2);
  });

  test("on this thread throws its own error when the others are done", async () => {
    const { team, bad } = await teamWith(() => ({}));
    expect(() => team.split("neg", bad)).toThrow();
    team.split("clear", [
      [4096, 16],
      [4096, 16],
    ]);
    expect(team["word"][INSIDE]).toBe(-1);
  });

  test("never to come back is an error, and what follows runs on one thread", async () => {
    // As if a worker had come in and died there.
    const { team } = await teamWith((word) => ({
      relu: () => void Atomics.add(word(), INSIDE, 1),
    }));
    const split = (): void =>
      team.split("relu", [
        [4096, 4096, 4],
        [4096, 4096, 4],
      ]);
    expect(split).toThrow(EvenkeelError);
    expect(team.running).toBe(1);
    expect(split).not.toThrow();
  });
});
