import { fail, scope, type Tensor, zerosLike } from "@evenkeel/autodiff";
import { type Module, NormModule } from "@evenkeel/nn";

/** How statistics of a data set are collected. */
export interface CollectOptions {
  /** Told to every layer, such as the domain whose statistics are collected. Default: nothing. */
  readonly condition?: unknown;
}

/**
 * Runs batches through a network so that every norm's running statistics take them in, jointly and in one
 * pass: each norm normalizes by the batch at hand, everything else is as in evaluation. No labels, no
 * gradients; parameters stay.
 *
 * **When to use.** AdaBN: `adaBatchNorm`s drop what they had at the first batch, and then have the exact
 * statistics of all of them. Other norms go on from theirs by their momentum, such as those of one domain
 * of a `domainSpecificBatchNorm` that has not been trained.
 *
 * @param batches - Of the target domain; without any, the statistics stay as they are.
 * @returns How many batches there were.
 * @throws EvenkeelError for a model without norms that keep statistics, and whatever a layer throws; the
 *   model is as before then.
 *
 * @example
 * const model = new Sequential(norm(adaBatchNorm, { numFeatures: 3 }), new Flatten());
 * collectStatistics(model, [1, 2].map((seed) => random(seed).normal([8, 3, 4, 4], { mean: 2 })));
 */
export function collectStatistics(
  model: Module,
  batches: Iterable<Tensor>,
  { condition }: CollectOptions = {},
): number {
  const norms = normsWithState(model);
  const before = model.stateDict();
  const modes = [...model.namedModules()].map(([, m]) => [m, m.training] as const);
  const pinned = norms.map((m) => m.pinned);
  let count = 0;
  model.eval();
  for (const m of norms) m.pinned = { statistics: "batch", update: true };
  try {
    for (const batch of batches) {
      if (count === 0) forget(norms);
      scope(() => void model.forward(batch, condition));
      count++;
    }
    return count;
  } catch (error) {
    model.loadStateDict(before);
    throw error;
  } finally {
    for (const [m, training] of modes) m.training = training;
    norms.forEach((m, i) => {
      m.pinned = pinned[i]!;
    });
  }
}

function normsWithState(model: Module): readonly NormModule[] {
  const norms = [...model.namedModules()].flatMap(([, m]) =>
    m instanceof NormModule && Object.keys(m.state).length > 0 ? [m as NormModule] : [],
  );
  if (norms.length > 0) return norms;
  return fail({
    where: "collectStatistics",
    expected: "a model with norms that keep running statistics",
    got: "none of them",
  });
}

/** Those that count samples start anew. */
function forget(norms: readonly NormModule[]): void {
  for (const { state } of norms) {
    if (!state["sampleCount"]) continue;
    for (const name of ["sampleCount", "numBatchesTracked"]) {
      const cell = state[name];
      cell?.replace(zerosLike(cell.value));
    }
  }
}
