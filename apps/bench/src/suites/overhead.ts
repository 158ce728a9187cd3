import { random } from "@evenkeel/autodiff";
import type { BenchCase } from "../case.ts";
import { tinyCase } from "../networks/networks.ts";
import type { Suite } from "../suite.ts";
import { normals } from "./draw.ts";

/** Steps so small that nothing but the machinery around the arithmetic is timed. */
export function overheadSuite(): Suite<BenchCase> {
  const stream = random(1);
  const [a, b, g] = [normals(stream, [32]), normals(stream, [32]), normals(stream, [32])];
  const add: BenchCase = {
    type: "layer",
    name: "add and its gradients, 32 numbers",
    layer: { kind: "add" },
    inputs: { a, b },
    g,
    repeat: 2000,
  };
  return {
    name: "overhead",
    threads: [1],
    races: [[add], [tinyCase(4, false)], [tinyCase(4, true)]],
  };
}
