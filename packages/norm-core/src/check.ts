import {
  checkAxis,
  fail,
  OptionError,
  ShapeError,
  showShape,
  type Tensor,
} from "@evenkeel/autodiff";

/**
 * Refuses an input that a norm over channels cannot take.
 *
 * @returns The channel axis, counted from the front.
 */
export function checkInput(
  where: string,
  x: Tensor,
  {
    numFeatures,
    channelAxis,
    minRank = 2,
  }: { numFeatures: number; channelAxis: number; minRank?: number },
): number {
  if (x.rank < minRank) {
    fail(
      { where, expected: `x of rank >= ${minRank}`, got: `shape ${showShape(x.shape)}` },
      ShapeError,
    );
  }
  const axis = checkAxis(`${where} channelAxis`, channelAxis, x.rank);
  if (x.shape[axis] !== numFeatures) {
    const near = x.shape.indexOf(numFeatures);
    fail(
      {
        where,
        expected: `x with ${numFeatures} channels on axis ${axis}`,
        got: `shape ${showShape(x.shape)}`,
        hint:
          near < 0 ? "Set the number of channels to that of x." : `Or pass channelAxis: ${near}.`,
      },
      ShapeError,
    );
  }
  checkNotEmpty(where, x);
  return axis;
}

/** The number of samples in an input that `checkInput` does not refuse. */
export function countSamples(
  where: string,
  x: Tensor,
  options: { readonly numFeatures: number; readonly channelAxis: number },
): number {
  return x.shape[checkInput(where, x, options) === 0 ? 1 : 0]!;
}

/** Refuses a tensor without elements: it has no statistics. */
export function checkNotEmpty(where: string, x: Tensor): void {
  if (x.size > 0) return;
  fail({ where, expected: "at least one element", got: `shape ${showShape(x.shape)}` }, ShapeError);
}

/** Refuses to take statistics of single values: every output would be the bias. */
export function checkMoreThanOne(where: string, x: Tensor, count: number, hint: string): void {
  if (count > 1) return;
  fail(
    {
      where,
      expected: "more than one value for each statistic",
      got: `shape ${showShape(x.shape)}`,
      hint,
    },
    ShapeError,
  );
}

/**
 * Refuses an input that does not end in `shape`, or is empty.
 *
 * @returns The trailing axes, counted from the front.
 */
export function checkTrailing(where: string, x: Tensor, shape: readonly number[]): number[] {
  const start = x.rank - shape.length;
  if (start < 0 || !shape.every((n, i) => x.shape[start + i] === n)) {
    fail(
      {
        where,
        expected: `x with trailing axes ${showShape(shape)}`,
        got: `shape ${showShape(x.shape)}`,
        hint: "Set normalizedShape to the last axes of x.",
      },
      ShapeError,
    );
  }
  checkNotEmpty(where, x);
  return shape.map((_, i) => start + i);
}

/** Refuses a number of groups that does not divide the channels. */
export function checkGroups(where: string, numGroups: number, numChannels: number): void {
  if (numChannels % numGroups === 0) return;
  const all = Array.from({ length: numChannels }, (_, i) => i + 1);
  const divisors = all.filter((n) => numChannels % n === 0);
  fail(
    {
      where,
      expected: `numGroups that divides numChannels ${numChannels}`,
      got: String(numGroups),
      hint: `Take one of ${divisors.join(", ")}.`,
    },
    OptionError,
  );
}
