import { availableParallelism, cpus, loadavg } from "node:os";

/** The machine the figures hold for, in one line. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const load = loadavg()[0]!.toFixed(1);
  return `${model}, ${availableParallelism()} cores, Node ${process.version}, load ${load}`;
}
