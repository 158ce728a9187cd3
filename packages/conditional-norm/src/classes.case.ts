import { type Random, type Tensor, tensor, zeros } from "@evenkeel/autodiff";
import type { Classes } from "@evenkeel/norm-core";
import type { NormSample, Rejection } from "@evenkeel/testkit";

/** Ids as either kind of array, or soft classes that add up to 1 for each sample. */
export function drawClasses(stream: Random, samples: number, numClasses: number): Classes {
  const ids = Array.from({ length: samples }, () => stream.integer(numClasses));
  const kind = stream.integer(3);
  if (kind < 2) return kind === 0 ? ids : Int32Array.from(ids);
  const rows = ids.map(() => Array.from({ length: numClasses }, () => 0.1 + stream.next()));
  const shares = rows.flatMap((row) => row.map((v) => v / row.reduce((a, b) => a + b, 0)));
  return tensor(Float64Array.from(shares), { shape: [samples, numClasses] });
}

/** The soft classes that are all one class. */
export function oneHot(ids: ArrayLike<number>, numClasses: number): Tensor {
  const rows = Float64Array.from({ length: ids.length * numClasses }, (_, i) =>
    ids[Math.floor(i / numClasses)] === i % numClasses ? 1 : 0,
  );
  return tensor(rows, { shape: [ids.length, numClasses] });
}

/** The misuse of classes, for four samples. */
export function classRejections<O, C extends { readonly classes?: Classes | undefined }>(
  id: string,
  numClasses: number,
): Rejection<O, C>[] {
  const expected = `${id} classes: expected 4 ids, one per sample, or soft classes of shape [4, ${numClasses}]`;
  const range = `${id} classes: expected whole numbers from 0 to ${numClasses - 1}`;
  const hint = "Pass them in the condition.";
  const wrong: readonly (readonly [string, Classes | undefined, string])[] = [
    ["no condition", undefined, `${expected}, got none. ${hint}`],
    ["too few ids", [0, 0, 0], `${expected}, got 3 ids. ${hint}`],
    ["a tensor of ids", zeros([4]), `${expected}, got shape [4]. ${hint}`],
    [
      "soft classes of another number of classes",
      zeros([4, numClasses + 1]),
      `${expected}, got shape [4, ${numClasses + 1}]. ${hint}`,
    ],
    ["a negative id", [0, -1, 0, 0], `${range}, got -1 at position 1.`],
    [
      "an id beyond the classes",
      [0, 0, 0, numClasses],
      `${range}, got ${numClasses} at position 3.`,
    ],
    ["half an id", [0.5, 0, 0, 0], `${range}, got 0.5 at position 0.`],
  ];
  return wrong.map(([name, classes, message]) => ({
    name,
    run: ({ bound, x, params, state }: NormSample<O, C>) =>
      bound.apply(x, params, state, classes && { condition: { classes } as unknown as C }),
    message,
  }));
}
