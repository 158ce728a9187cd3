import { execFileSync } from "node:child_process";

declare module "vitest/browser" {
  interface BrowserCommands {
    /** Losses of the short training on the CPU, in Node. */
    lossesInNode(): Promise<readonly number[]>;
  }
}

const program = `
  import { cpu } from "@evenkeel/autodiff";
  import { shortTraining } from "./short-training.ts";
  console.log(JSON.stringify(shortTraining(cpu)));
`;

/** Pages ask vitest for it, which runs it in Node: in a process of its own, which resolves to sources. */
export function lossesInNode(): readonly number[] {
  const flags = ["--conditions=@evenkeel/source", "--input-type=module", "--eval", program];
  const printed = execFileSync(process.execPath, flags, { cwd: import.meta.dirname });
  return JSON.parse(printed.toString()) as number[];
}
