import { fail } from "@evenkeel/autodiff";
import type { Device, Handle } from "./device.ts";
import { DeviceLostError } from "./storage.ts";
import type { KernelText } from "./writer.ts";

// Kernels are text in a language that is part of JavaScript, so without a GPU JavaScript runs them: the same
// text, one element after the other. For tests in Node.

type Thread = (this: { readonly thread: { readonly x: number } }, ...args: unknown[]) => number;

/** Refuses index arithmetic that leaves the whole numbers, which a shader would cut off. */
function whole(n: number): number {
  if (Number.isInteger(n)) return n;
  throw new RangeError(`${n} is no whole number`);
}

// Theirs is written for variables that cut off what is no whole number.
const division: Readonly<Record<string, string>> = {
  quotient: "return Math.floor(a / b);",
  remainder: "return a - b * Math.floor(a / b);",
};

/** A kernel's text as a function of one thread. */
function threadOf({ main, functions }: KernelText): Thread {
  const helpers = functions.map((f) => {
    const text = division[f.name] ?? f.body;
    const body = f.whole ? text.replace(/^return (.+);$/, "return whole($1);") : text;
    return `function ${f.name}(${f.parameters.join(", ")}) { ${body} }`;
  });
  // Variables of shaders are float32.
  const rounded = main.replace(/^((?:const |let )?v\d+ = )(.+);$/gm, "$1Math.fround($2);");
  const make = new Function("whole", `"use strict"; ${helpers.join("\n")}\nreturn ${rounded};`);
  return make(whole) as Thread;
}

/** What a read beyond the end finds on a device is some number: here one that looks like an index. */
function withSomethingBehind(data: Float32Array): Float32Array {
  const longer = new Float32Array(data.length + 256).fill(1);
  longer.set(data);
  return longer;
}

class Numbers implements Handle {
  readonly data: Float32Array;
  deleted = false;
  constructor(data: Float32Array) {
    this.data = data;
  }
  async toArray(): Promise<Float32Array> {
    if (this.deleted) throw new Error("read after it was deleted");
    return this.data;
  }
  delete(): void {
    if (this.deleted) throw new Error("deleted twice");
    this.deleted = true;
  }
}

/** A device of JavaScript. */
export interface JavaScriptDevice extends Device {
  /** The text of every kernel that ran, in order. */
  readonly ran: readonly KernelText[];
  /** Loses the device. */
  lose(reason: string): void;
}

export function javaScriptDevice(): JavaScriptDevice {
  const ran: KernelText[] = [];
  const threads = new Map<string, Thread>();
  let lostFor: string | undefined;
  let lose: (reason: string) => void = () => {};
  const lost = new Promise<string>((resolve) => {
    lose = (reason) => {
      lostFor = reason;
      resolve(reason);
    };
  });
  const check = (): void => {
    if (lostFor === undefined) return;
    fail({ where: "gpu", expected: "a device", got: `a lost one (${lostFor})` }, DeviceLostError);
  };
  return {
    mode: "webgpu",
    ran,
    lost,
    lose: (reason) => lose(reason),
    check,
    get compiled() {
      return threads.size;
    },
    async run(text, size, arrays, numbers) {
      check();
      ran.push(text);
      const key = JSON.stringify(text);
      const thread = threads.get(key) ?? threadOf(text);
      threads.set(key, thread);
      const given = arrays.map(({ handle }) => {
        const { data, deleted } = handle as Numbers;
        if (deleted) throw new Error("a kernel reads what was deleted");
        return withSomethingBehind(data);
      });
      const results = Float32Array.from({ length: size }, (_, x) =>
        thread.call({ thread: { x } }, ...given, ...numbers.map(Math.fround)),
      );
      return new Numbers(results);
    },
    async upload(numbers) {
      check();
      return new Numbers(numbers.slice());
    },
    async destroy() {},
  };
}
