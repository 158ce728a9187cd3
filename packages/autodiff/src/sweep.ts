import { add, cast } from "./ops/elementwise.ts";
import { broadcastTo, reshape } from "./ops/movement.ts";
import { sum } from "./ops/reduce.ts";
import { broadcastAxes, sameShape } from "./shape.ts";
import type { Stretch, TapeNode } from "./tape.ts";
import type { Tensor } from "./tensor.ts";

/** The gradient of a tensor; undefined where nothing came of it. */
export type GradientOf = (t: Tensor) => Tensor | undefined;

/**
 * The tape read backwards, gathering for each tensor the gradient of what came of it.
 *
 * A gradient may be small, that is, only broadcast to its tensor's shape: summands all have the gradient
 * of their sum. It is stretched where a rule needs every element.
 *
 * @param wanted - The stand-ins of the arguments.
 * @param seeds - Tensors with a gradient to begin with.
 */
export function sweep(
  { nodes, session, start, end }: Stretch,
  wanted: readonly (readonly Tensor[])[],
  seeds: readonly (readonly [Tensor, Tensor])[],
): GradientOf {
  const reached = new Array<boolean>(end - start).fill(false);
  const grads = new Array<Tensor | undefined>(end - start).fill(undefined);
  const isReached = (t: Tensor): boolean =>
    t.session === session &&
    t.position >= start &&
    t.position < end &&
    reached[t.position - start]!;
  const accumulate = (t: Tensor, g: Tensor): void => {
    if (!isReached(t)) return;
    const before = grads[t.position - start];
    grads[t.position - start] = before ? add(before, g) : g;
  };
  for (const list of wanted) for (const t of list) reached[t.position - start] = true;
  for (let i = 0; i < reached.length; i++) {
    for (const t of nodes[start + i]!.inputs) if (isReached(t)) reached[i] = true;
  }
  for (const [t, g] of seeds) accumulate(t, g);
  for (let i = grads.length - 1; i >= 0; i--) {
    const g = grads[i];
    if (!g) continue;
    const node = nodes[start + i]!;
    const { op, inputs, params, output } = node;
    const needs = inputs.map(isReached);
    const given = takesSmall(node, needs) ? g : stretched(g, output);
    const parts = op.vjp(given, output, inputs, params, needs);
    for (let k = 0; k < inputs.length; k++) {
      const [part, t] = [parts[k], inputs[k]!];
      if (part && needs[k]) accumulate(t, cast(sumTo(part, t), t.dtype));
    }
  }
  return (t) => (isReached(t) ? grads[t.position - start] : undefined);
}

/** Whether each element's gradient is made of its own alone, so that equal ones need not be written out. */
function takesSmall({ op, inputs, output }: TapeNode, needs: readonly boolean[]): boolean {
  if (!op.scalar) return false;
  return inputs.every((t, k) => !needs[k] || sameShape(t.shape, output.shape));
}

/** g in the shape of t. */
export function stretched(g: Tensor, t: Tensor): Tensor {
  return sameShape(g.shape, t.shape) ? g : broadcastTo(g, t.shape);
}

/** g summed over the axes along which `t` was broadcast. */
function sumTo(g: Tensor, t: Tensor): Tensor {
  if (sameShape(g.shape, t.shape)) return g;
  const axes = broadcastAxes(t.shape, g.shape);
  if (axes.length === 0) return g;
  const summed = sum(g, { axes });
  return sameShape(summed.shape, t.shape) ? summed : reshape(summed, t.shape);
}
