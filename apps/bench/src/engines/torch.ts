import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { fail } from "@evenkeel/autodiff";
import type { Engine, Prepared } from "../suite.ts";
import type { NormCase } from "../suites/norm.ts";

const script = fileURLToPath(new URL("../torch_bench.py", import.meta.url));
const pythons = ["python3", "/usr/bin/python3"];

type Answer = Readonly<Record<string, string | number>>;
type Ask = (request: object) => Promise<Answer>;

/**
 * PyTorch on one CPU thread, in a child process that stays open for the whole run and keeps the
 * time itself. A string says why there is none.
 */
export async function startTorch(): Promise<Engine<NormCase> | string> {
  for (const python of pythons) {
    const child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
    const ask = conversation(child);
    try {
      await ask.greeting;
    } catch {
      continue;
    }
    return {
      name: "torch",
      threads: 1,
      prepare: (benchCase) => prepare(ask.request, benchCase),
      stop: () => child.stdin.end(),
    };
  }
  return `no ${pythons.join(" or ")} that can import torch`;
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

async function prepare(ask: Ask, benchCase: NormCase): Promise<Prepared> {
  const { kind, shape, eps, x, g, weight, bias } = benchCase;
  const arrays = { x: encode(x), g: encode(g), weight: encode(weight), bias: encode(bias) };
  await ask({ do: "prepare", kind, shape, eps, ...arrays });
  return {
    run: async () => numberOf((await ask({ do: "run" })).ms),
    async outputs() {
      const answer = Object.entries(await ask({ do: "outputs" }));
      return Object.fromEntries(answer.map(([name, text]) => [name, decode(String(text))]));
    },
  };
}

function numberOf(ms: string | number | undefined): number {
  if (typeof ms === "number") return ms;
  return fail({ where: "torch", expected: "milliseconds", got: String(ms) });
}

function encode(data: Float32Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}

function decode(text: string): Float32Array {
  const bytes = Buffer.from(text, "base64");
  return new Float32Array(new Uint8Array(bytes).buffer);
}
