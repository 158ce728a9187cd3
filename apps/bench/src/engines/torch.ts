import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { fail } from "@evenkeel/autodiff";
import type { BenchCase } from "../case.ts";
import type { Engine, Prepared } from "../suite.ts";

const script = fileURLToPath(new URL("../torch_bench.py", import.meta.url));
const pythons = ["python3", "/usr/bin/python3"];

type Answer = Readonly<Record<string, string | number | boolean>>;
type Ask = (request: object) => Promise<Answer>;

/**
 * PyTorch on the CPU, in a child process that stays open for the whole run and keeps the time
 * itself. A string says why there is none.
 */
export async function startTorch(threads: number): Promise<Engine<BenchCase> | string> {
  for (const python of pythons) {
    const child = spawn(python, [script, String(threads)], { stdio: ["pipe", "pipe", "inherit"] });
    const { greeting, request } = conversation(child);
    try {
      await greeting;
    } catch {
      continue;
    }
    let cases = 0;
    return {
      name: "torch",
      threads,
      prepare: (benchCase) => prepare(request, benchCase, cases++),
      stop: () => child.stdin.end(),
    };
  }
  return `no ${pythons.join(" or ")} that can import torch`;
}

/** Its version; undefined where there is none. */
export async function torchVersion(): Promise<string | undefined> {
  for (const python of pythons) {
    const child = spawn(python, [script, "1"], { stdio: ["pipe", "pipe", "inherit"] });
    try {
      const { torch } = await conversation(child).greeting;
      child.stdin.end();
      return String(torch);
    } catch {}
  }
  return undefined;
}

/** Requests are answered one by one, in order; once the child has ended, they fail. */
function conversation(child: ChildProcess): { greeting: Promise<Answer>; request: Ask } {
  const waiting: { resolve(answer: Answer): void; reject(reason: Error): void }[] = [];
  let ended: Error | undefined;
  const end = (reason: Error): void => {
    ended ??= reason;
    for (const { reject } of waiting.splice(0)) reject(ended);
  };
  const answer = (): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (ended) reject(ended);
      else waiting.push({ resolve, reject });
    });
  child.on("error", end);
  child.on("exit", (code) => end(new Error(`torch_bench.py ended with code ${code}`)));
  child.stdin!.on("error", end);
  createInterface({ input: child.stdout! }).on("line", (line) => {
    waiting.shift()?.resolve(JSON.parse(line) as Answer);
  });
  return {
    greeting: answer(),
    request: (message) => {
      child.stdin!.write(`${JSON.stringify(message)}\n`);
      return answer();
    },
  };
}

async function prepare(ask: Ask, benchCase: BenchCase, id: number): Promise<Prepared | null> {
  const { unknown } = await ask({ do: "prepare", id, case: encoded(benchCase) });
  if (unknown) return null;
  return {
    run: async () => numberOf((await ask({ do: "run", id })).ms),
    async outputs() {
      const answer = Object.entries(await ask({ do: "outputs", id }));
      return Object.fromEntries(answer.map(([name, text]) => [name, decode(String(text))]));
    },
    release: async () => void (await ask({ do: "release", id })),
  };
}

function numberOf(ms: Answer[string] | undefined): number {
  if (typeof ms === "number") return ms;
  return fail({ where: "torch", expected: "milliseconds", got: String(ms) });
}

/** The case with float32 arrays in base64; of a norm's condition PyTorch knows nothing. */
function encoded(value: unknown): unknown {
  if (value instanceof Float32Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
  }
  if (value instanceof Int32Array) return [...value];
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== "condition")
      .map(([name, item]) => [name, encoded(item)]),
  );
}

function decode(text: string): Float32Array {
  const bytes = Buffer.from(text, "base64");
  return new Float32Array(new Uint8Array(bytes).buffer);
}
