import { relu, scope, type Tensor } from "@evenkeel/autodiff";
import { type Module, NormModule } from "@evenkeel/nn";

/** One run of a module inside a model. */
export interface Pass {
  /** The module's name in the model. */
  readonly name: string;
  readonly module: Module;
  readonly input: Tensor;
  readonly output: Tensor;
}

/** What whole-network instruments are told besides the model and its input. */
export interface WatchOptions {
  /** What conditional norms inside need: class ids, a domain, an embedding. */
  readonly condition?: unknown;
}

/**
 * Runs a model and shows what enters and leaves each module inside, in the order in which they finish.
 *
 * **When to use.** For an instrument of your own. The model is left as it was: running statistics rest
 * meanwhile, whatever the mode, and the mode itself is the model's. What a norm gives is shown before an
 * activation that is computed in the norm's own pass. The tensors live while `visit` runs; keep numbers, not
 * tensors.
 *
 * @param visit - Called after each module's forward, those inside a module before the module itself.
 * @throws whatever the model or `visit` throws; the model is left as it was, too.
 *
 * @example
 * const shapes: string[] = [];
 * watchModules(model, x, ({ name, output }) => shapes.push(`${name}: ${output.shape}`));
 */
export function watchModules(
  model: Module,
  x: Tensor,
  visit: (pass: Pass) => void,
  { condition }: WatchOptions = {},
): void {
  const restored: (() => void)[] = [];
  resting(model, () => {
    try {
      for (const [name, module] of model.namedModules()) {
        restored.push(shadow(module, (input, output) => visit({ name, module, input, output })));
      }
      scope(() => void model.forward(x, condition));
    } finally {
      for (const restore of restored) restore();
    }
  });
}

/** Puts a forward before the module's own that shows what goes in and out; returns what takes it away. */
function shadow(module: Module, show: (input: Tensor, output: Tensor) => void): () => void {
  const own = Object.getOwnPropertyDescriptor(module, "forward");
  const forward = module.forward as (...args: unknown[]) => Tensor;
  const value = (input: Tensor, ...rest: unknown[]): Tensor => {
    const [condition, activation] = rest;
    const fused = module instanceof NormModule && activation !== undefined;
    const output = forward.call(module, input, ...(fused ? [condition] : rest));
    show(input, output);
    return fused ? relu(output) : output;
  };
  Object.defineProperty(module, "forward", { value, configurable: true });
  return () => {
    if (own) Object.defineProperty(module, "forward", own);
    else Reflect.deleteProperty(module, "forward");
  };
}

/** Runs `fn` while no norm of the model takes anything into its running statistics. */
export function resting<R>(model: Module, fn: () => R): R {
  const norms = [...model.namedModules()].flatMap(([, m]) => (m instanceof NormModule ? [m] : []));
  const before = norms.map(({ pinned }) => pinned);
  for (const norm of norms) norm.pinned = { ...norm.pinned, update: false };
  try {
    return fn();
  } finally {
    norms.forEach((norm, i) => {
      norm.pinned = before[i]!;
    });
  }
}
