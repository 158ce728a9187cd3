import {
  currentBackend,
  fail,
  ShapeError,
  show,
  showShape,
  type Tensor,
  ValueError,
} from "@evenkeel/autodiff";
import { hasRunning, type Tensors } from "@evenkeel/norm-core";

/**
 * Refuses what does not name a domain for each sample.
 *
 * @returns An id for each sample.
 * @throws ShapeError for none or another number of ids, ValueError for an id outside the domains.
 */
export function checkDomains(
  where: string,
  domain: number | readonly number[] | Int32Array | undefined,
  { samples, numDomains }: { readonly samples: number; readonly numDomains: number },
): readonly number[] {
  const ids = typeof domain === "number" ? Array<number>(samples).fill(domain) : domain;
  if (ids?.length !== samples) {
    return fail(
      {
        where: `${where} domain`,
        expected: `one id, or ${samples}, one per sample`,
        got: ids ? `${ids.length} ids` : "none",
        hint: "Pass it in the condition.",
      },
      ShapeError,
    );
  }
  const bad = ids.findIndex((id) => !(Number.isInteger(id) && id >= 0 && id < numDomains));
  if (bad < 0) return Array.from(ids);
  return fail(
    {
      where: `${where} domain`,
      expected: `whole numbers from 0 to ${numDomains - 1}`,
      got: show(ids[bad]) + (typeof domain === "number" ? "" : ` at position ${bad}`),
      hint: "Evaluate samples of an unseen domain by a known one, or by a mixture of all.",
    },
    ValueError,
  );
}

/** Refuses domains with a single value for each statistic: every output would be the bias. */
export function checkGroups(
  where: string,
  x: Tensor,
  ids: readonly number[],
  valuesPerSample: number,
): void {
  for (const domain of new Set(ids)) {
    const samples = ids.filter((id) => id === domain).length;
    if (samples * valuesPerSample > 1) continue;
    fail(
      {
        where,
        expected: `more than one value for each statistic of domain ${domain}`,
        got: `1 sample in shape ${showShape(x.shape)}`,
        hint: "Draw batches with at least two samples of each domain, or none.",
      },
      ShapeError,
    );
  }
}

/** The domains whose statistics have taken in a batch; all where that cannot be seen. */
export function collectedDomains(state: Tensors, numDomains: number): readonly number[] {
  const all = Array.from({ length: numDomains }, (_, domain) => domain);
  if (!hasRunning(state) || !currentBackend().inProcess) return all;
  return all.filter((domain) => {
    const has = (name: string, first: number): boolean => {
      const { data, shape, size } = state[name]!;
      const row = size / shape[0]!;
      return data.subarray(domain * row, (domain + 1) * row).some((v) => v !== first);
    };
    // Checkpoints of some official codes have statistics but no counters.
    return has("numBatchesTracked", 0) || has("runningMean", 0) || has("runningVar", 1);
  });
}

/** Refuses domains that are still at the first values, mean 0 and variance 1. */
export function checkCollected(where: string, state: Tensors, domains: readonly number[]): void {
  const collected = collectedDomains(state, Math.max(...domains) + 1);
  const missing = domains.find((domain) => !collected.includes(domain));
  if (missing === undefined) return;
  fail(
    {
      where,
      expected: `running statistics of domain ${missing}`,
      got: "a domain that no batch went through",
      hint: "Train on it, or run its samples in training mode to collect them, or name another domain.",
    },
    ValueError,
  );
}
