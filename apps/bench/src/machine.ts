import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import { torchVersion } from "./engines/torch.ts";

/** What the figures hold for. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly platform: string;
  readonly node: string;
  /** Of the peers, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

export async function describeMachine(): Promise<Machine> {
  const torch = await torchVersion();
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown processor",
    cores: availableParallelism(),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    versions: {
      "@jax-js/jax": versionOf("@jax-js/jax"),
      "@tensorflow/tfjs-core": versionOf("@tensorflow/tfjs-core"),
      ...(torch === undefined ? {} : { torch }),
    },
  };
}

/** In one line. */
export function showMachine({ processor, cores, platform, node }: Machine): string {
  return `${processor}, ${cores} cores, ${platform}, Node ${node}`;
}

/** From the manifest above the package's entry; not every package exports it. */
function versionOf(name: string): string {
  let folder = dirname(createRequire(import.meta.url).resolve(name));
  while (!folder.endsWith(name)) folder = dirname(folder);
  const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return (manifest as { readonly version: string }).version;
}
