import { fail, OptionError, type Random, show } from "@evenkeel/autodiff";

export interface PerClassOptions {
  /** How many samples of each class. */
  readonly perClass: number;
  readonly random: Random;
  /** Take samples of a class that has fewer more than once, so that all classes have as many. Default false. */
  readonly repeat?: boolean;
}

/**
 * Draws equally many samples of every class that occurs: a memory to rehearse from, or with `repeat` a
 * balanced batch for `classBalancedBatchNorm`.
 *
 * @param labels - The class of each sample.
 * @returns Their positions among the labels, class after class in the order in which classes first occur.
 * @throws OptionError for `perClass` that is not a whole number >= 1.
 *
 * @example
 * const labels = [0, 0, 0, 1, 1, 2];
 * samplesPerClass(labels, { perClass: 2, random: random(1) }).length; // 5: there is one of class 2
 * samplesPerClass(labels, { perClass: 2, random: random(1), repeat: true }).length; // 6
 */
export function samplesPerClass(
  labels: ArrayLike<number>,
  { perClass, random, repeat = false }: PerClassOptions,
): number[] {
  if (!Number.isInteger(perClass) || perClass < 1) {
    const expected = "a whole number >= 1";
    fail({ where: "samplesPerClass perClass", expected, got: show(perClass) }, OptionError);
  }
  const members = new Map<number, number[]>();
  Array.from(labels).forEach((label, i) => {
    const known = members.get(label);
    if (known) known.push(i);
    else members.set(label, [i]);
  });
  return [...members.values()].flatMap((own) => {
    const order = [...random.permutation(own.length)].map((i) => own[i]!);
    const length = repeat ? perClass : Math.min(perClass, own.length);
    return Array.from({ length }, (_, i) => order[i % order.length]!);
  });
}
