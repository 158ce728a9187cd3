import { type Backend, leaves, release, scope, type Tensor } from "@evenkeel/autodiff";
import { expectClose, type NumbersLike } from "./compare.ts";

/** What a backend computed, beside what it should be. */
export interface Pair {
  /** Names it in messages. */
  readonly what: string;
  readonly got: Tensor;
  readonly expected: NumbersLike;
  readonly tolerance: number;
  /** See `expectClose`. */
  readonly scale?: number;
}

/**
 * Refuses what deviates among the pairs that `compute` makes, in a scope of its own: at once where the backend's
 * memory is in the process, else when everything is read.
 */
export function expectAgreement(
  backend: Backend,
  compute: () => readonly Pair[],
): void | Promise<void> {
  if (!backend.inProcess) return agreeOnceRead(compute);
  scope(() => {
    for (const pair of compute()) agree(pair, pair.got);
  });
}

async function agreeOnceRead(compute: () => readonly Pair[]): Promise<void> {
  const pairs = scope(compute);
  try {
    // Asked for together: a device answers several at the cost of one.
    const read = await Promise.all(pairs.map(({ got }) => got.read()));
    pairs.forEach((pair, i) => {
      agree(pair, { shape: pair.got.shape, data: read[i]! });
    });
  } finally {
    release(...leaves(pairs));
  }
}

function agree({ what, expected, tolerance, scale }: Pair, got: NumbersLike): void {
  expectClose(what, got, expected, tolerance, scale);
}
