import { fail } from "@evenkeel/autodiff";
import type { Calls, Room, Threads } from "./kernel.ts";
import type { Exports } from "./module.ts";
import * as control from "./worker.ts";
import { type Helper, startWorker, type WorkerData } from "./worker.ts";

/** Threads, and how many of them have started and not ended. */
export interface Team extends Threads {
  readonly running: number;
}

type Call = (...numbers: readonly number[]) => void;

/** This thread by itself. */
export function alone(wasm: Exports): Team {
  const split: Team["split"] = (kernel, calls, room) => callAll(wasm, kernel, calls, room);
  return { most: 1, running: 1, split };
}

function callAll(wasm: Exports, kernel: keyof Exports, calls: Calls, room?: Room): void {
  const run = wasm[kernel] as Call;
  for (const numbers of calls) run(...numbers, room?.at ?? 0);
}

export interface TeamOptions extends Pick<WorkerData, "module" | "memory"> {
  readonly most: number;
  /** Milliseconds to wait for a thread that does not come back from its call. Default: 30 s. */
  readonly patience?: number;
}

/** Numbers that one job can hold. */
const CAPACITY = 8192;
/** Looks before this thread sleeps until the others are out. */
const LOOKS = 2000;

/** Workers of a team that nobody has any more would wait for ever. */
const abandoned = new FinalizationRegistry<Int32Array>(end);

/**
 * This thread and workers over the same memory. Whoever is free takes the next call, so nobody who has not
 * begun is waited for: workers that start, sleep or are gone cost nothing.
 */
export class SharedTeam implements Team {
  readonly most: number;
  private readonly wasm: Exports;
  private readonly names: readonly string[];
  private readonly data: Omit<WorkerData, "thread">;
  private readonly patience: number;
  private readonly word = new Int32Array(new SharedArrayBuffer(4 * control.WORDS));
  private readonly number = new Float64Array(new SharedArrayBuffer(8 * (control.HEAD + CAPACITY)));
  private readonly mayWait: boolean;
  private helpers: Map<number, Helper> | undefined;

  constructor(wasm: Exports, { most, patience = 30_000, ...data }: TeamOptions) {
    this.wasm = wasm;
    this.names = Object.keys(wasm);
    this.most = most;
    this.patience = patience;
    this.data = { ...data, control: this.word.buffer, numbers: this.number.buffer };
    this.word[control.INSIDE] = control.CLOSED;
    this.mayWait = canWait(this.word);
    abandoned.register(this, this.word);
  }

  get running(): number {
    const started = Atomics.load(this.word, control.STARTED);
    let count = 1;
    for (const thread of this.helpers?.keys() ?? []) count += (started >>> thread) & 1;
    return count;
  }

  split(kernel: keyof Exports, calls: Calls, room?: Room): void {
    if (calls.length > 1) this.helpers ??= start(this.data, this.most);
    if (calls.length < 2 || this.running === 1) {
      callAll(this.wasm, kernel, calls, room);
      return;
    }
    const fitting = Math.floor(CAPACITY / calls[0]!.length);
    for (let i = 0; i < calls.length; i += fitting) {
      this.job(kernel, calls.slice(i, i + fitting), room);
    }
  }

  private job(kernel: keyof Exports, calls: Calls, room?: Room): void {
    const { word, number } = this;
    const width = calls[0]!.length;
    number.set([this.names.indexOf(kernel), calls.length, width, room?.at ?? 0, room?.bytes ?? 0]);
    for (const [i, numbers] of calls.entries()) number.set(numbers, control.HEAD + i * width);
    // The first call is this thread's.
    Atomics.store(word, control.NEXT, 1);
    Atomics.store(word, control.FAILED, 0);
    Atomics.store(word, control.INSIDE, 0);
    Atomics.add(word, control.JOB, 1);
    Atomics.notify(word, control.JOB, calls.length - 1);
    const run = this.wasm[kernel] as Call;
    try {
      for (let i = 0; i < calls.length; i = next(word)) run(...calls[i]!, room?.at ?? 0);
    } finally {
      Atomics.store(word, control.NEXT, calls.length);
      this.close();
    }
    if (Atomics.load(word, control.FAILED) === 0) return;
    fail({ where: "wasm", expected: `${kernel} to finish`, got: "an error on another thread" });
  }

  /** Waits until all workers are out of the job, and closes it. */
  private close(): void {
    const { word, patience } = this;
    for (let look = 0; look < LOOKS; look++) if (closes(word)) return;
    const deadline = performance.now() + patience;
    while (!closes(word)) {
      const left = deadline - performance.now();
      if (left <= 0) this.abandon();
      const inside = Atomics.load(word, control.INSIDE);
      if (this.mayWait && inside > 0) Atomics.wait(word, control.INSIDE, inside, left);
    }
  }

  /** What a thread that has not come back may still write is unknown: the op is lost. */
  private abandon(): never {
    for (const helper of this.helpers?.values() ?? []) helper.end();
    this.helpers?.clear();
    Atomics.store(this.word, control.INSIDE, control.CLOSED);
    return fail({
      where: "wasm",
      expected: `every thread to come back within ${this.patience / 1000} s`,
      got: "none from one of them",
      hint: "What this op computed is lost. Do it again: what follows runs on one thread.",
    });
  }
}

function start(data: Omit<WorkerData, "thread">, most: number): Map<number, Helper> {
  const helpers = new Map<number, Helper>();
  for (let thread = 1; thread < most; thread++) {
    const helper = startWorker({ ...data, thread }, () => helpers.delete(thread));
    if (helper) helpers.set(thread, helper);
  }
  return helpers;
}

function end(word: Int32Array): void {
  Atomics.store(word, control.ENDED, 1);
  Atomics.add(word, control.JOB, 1);
  Atomics.notify(word, control.JOB);
}

function next(word: Int32Array): number {
  return Atomics.add(word, control.NEXT, 1);
}

function closes(word: Int32Array): boolean {
  if (Atomics.load(word, control.INSIDE) > 0) return false;
  return Atomics.compareExchange(word, control.INSIDE, 0, control.CLOSED) === 0;
}

/** A page's own thread must not sleep. */
function canWait(word: Int32Array): boolean {
  try {
    Atomics.wait(word, control.JOB, -1, 0);
    return true;
  } catch {
    return false;
  }
}
