import type { OpSpec } from "@evenkeel/autodiff";
import type { GpuOp } from "./rule.ts";
import { convolutionOps } from "./rules/convolution.ts";
import { crossEntropyOps } from "./rules/cross-entropy.ts";
import { elementwise } from "./rules/elementwise.ts";
import { erfOps } from "./rules/erf.ts";
import { gatherOps } from "./rules/gather.ts";
import { matmulOps } from "./rules/matmul.ts";
import { movementOps } from "./rules/movement.ts";
import { optimizerOps } from "./rules/optimizer.ts";
import { planeOps } from "./rules/planes.ts";
import { poolingOps } from "./rules/pooling.ts";
import { reduceOps } from "./rules/reduce.ts";

const ops: Readonly<Partial<Record<string, GpuOp>>> = {
  ...movementOps,
  ...reduceOps,
  ...matmulOps,
  ...gatherOps,
  ...erfOps,
  ...planeOps,
  ...convolutionOps,
  ...poolingOps,
  ...crossEntropyOps,
  ...optimizerOps,
};

const byRule = new Map<NonNullable<OpSpec<unknown>["scalar"]>, GpuOp>();

/** How an op runs on the GPU: by a rule of its own, or by its scalar rule; undefined if it has neither. */
export function lowered({ name, scalar }: OpSpec<unknown>): GpuOp | undefined {
  const own = Object.hasOwn(ops, name) ? ops[name] : undefined;
  if (own || !scalar) return own;
  const known = byRule.get(scalar) ?? elementwise(name, scalar);
  byRule.set(scalar, known);
  return known;
}
