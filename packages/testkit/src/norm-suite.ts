import { type Backend, currentBackend, fail, scope } from "@evenkeel/autodiff";
import { training } from "@evenkeel/norm-core";
import type { Check } from "./check.ts";
import { goldenSuite } from "./golden.ts";
import type { GoldenFile } from "./golden-file.ts";
import { type SampleLimits, samples } from "./norm-arbitrary.ts";
import { agreesInFloat32 } from "./norm-backend.ts";
import type { NormCase, NormPromise, NormSample } from "./norm-case.ts";
import {
  appliesActivation,
  commutesWithPermutation,
  equalsReference,
  hasRightGradients,
  isIndependentOfBatch,
  isRepeatable,
  keepsStateConstant,
  splits,
  takesAnyChannelAxis,
} from "./norm-checks.ts";
import { equalsReduction, hasChannelAxis, refusesMisuse } from "./norm-own.ts";
import { extremes, refusesMisfits, staysFinite } from "./norm-robust.ts";
import { applySample, modesOf, showMode } from "./norm-sample.ts";
import { expectRefusal } from "./refusal.ts";
import { forAll, forAllOn } from "./runs.ts";

export interface NormSuiteOptions {
  /**
   * Backends besides the current one that must agree with float64. Where the memory of one is out of the process,
   * its check returns a Promise.
   */
  readonly backends?: readonly Backend[];
  /** The files of the case's `golden`; null leaves them out on purpose. */
  readonly golden?: readonly GoldenFile[] | null;
}

/**
 * The promises that every norm keeps, as checks made from one data record. What a case excepts is
 * left out; everything else is checked over drawn shapes, options, modes and numbers. The current backend must
 * have its memory in the process; for others there is `normBackendSuite`.
 *
 * @example
 * for (const { name, run } of normSuite(batchNormCase, { golden: [file] })) test(name, run);
 */
export function normSuite<O extends object, C = never>(
  norm: NormCase<O, C>,
  options: NormSuiteOptions = {},
): Check[] {
  checkCase(norm);
  return [
    ...referenceChecks(norm),
    ...goldenChecks(norm, options.golden),
    ...promisedChecks(norm),
    ...batchChecks(norm),
    ...extremeChecks(norm),
    ...backendChecks(norm, options.backends ?? []),
    ...reductionChecks(norm),
    ...ownChecks(norm),
  ];
}

function checkCase<O extends object, C>({
  norm,
  gradientOrder = 3,
  exceptions = {},
}: NormCase<O, C>): void {
  if (gradientOrder < 3 === (exceptions.gradients !== undefined)) return;
  fail({
    where: `case of ${norm.card.id}`,
    expected: "exceptions.gradients with the reason exactly where gradientOrder is below 3",
    got: `gradientOrder ${gradientOrder} and ${JSON.stringify(exceptions.gradients)}`,
  });
}

/** A check over samples of the case. */
function over<O extends object, C>(
  norm: NormCase<O, C>,
  name: string,
  check: (sample: NormSample<O, C>) => void,
  { share = 1, ...limits }: SampleLimits & { readonly share?: number } = {},
): Check {
  const run = (): void =>
    forAll(samples(norm, limits), (sample) => scope(() => check(sample)), share);
  return { name, run };
}

/** The checks, unless the case excepts the promise. */
function promised<O extends object, C>(
  norm: NormCase<O, C>,
  promise: NormPromise,
  ...checks: readonly Check[]
): readonly Check[] {
  return norm.exceptions?.[promise] === undefined ? checks : [];
}

function referenceChecks<O extends object, C>(norm: NormCase<O, C>): Check[] {
  return modesOf(norm).map((mode) =>
    over(
      norm,
      `output and state equal the reference in ${showMode(mode)}`,
      (sample) => equalsReference(norm, sample),
      { modes: [mode] },
    ),
  );
}

function goldenChecks<O extends object, C>(
  norm: NormCase<O, C>,
  files: readonly GoldenFile[] | null | undefined,
): Check[] {
  if (files === null) return [];
  return (norm.golden ?? []).flatMap((adapter) => {
    const file = files?.find((f) => f.method === adapter.method);
    if (file) return goldenSuite(file, norm.norm, adapter);
    return fail({
      where: `normSuite of ${norm.norm.card.id}`,
      expected: `the golden file of ${adapter.method}`,
      got: files?.map((f) => f.method).join(", ") || "none",
      hint: "Pass { golden: [file, …] }, or { golden: null } to leave them out.",
    });
  });
}

function promisedChecks<O extends object, C>(norm: NormCase<O, C>): readonly Check[] {
  const order = norm.gradientOrder ?? 3;
  const upTo = order > 1 ? `1 to ${order}` : "1";
  const gradients = over(
    norm,
    `gradients of order ${upTo} equal finite differences`,
    (sample) => hasRightGradients(norm, sample),
    { roomy: true, maxRank: 4, share: 0.3 },
  );
  const anyAxis = over(
    norm,
    "any channel axis gives what axis 1 gives",
    (sample) => takesAnyChannelAxis(norm, sample),
    { share: 0.3 },
  );
  return [
    ...(order > 0 ? [gradients] : []),
    ...promised(
      norm,
      "repeatable",
      over(norm, "two runs give the same bits and modify nothing", isRepeatable),
    ),
    over(norm, "a relu asked for is a relu on the output", appliesActivation, { share: 0.3 }),
    ...promised(
      norm,
      "constantState",
      over(norm, "no gradient reaches the state", keepsStateConstant, { share: 0.5 }),
    ),
    ...(hasChannelAxis(norm) ? promised(norm, "channelAxis", anyAxis) : []),
  ];
}

function batchChecks<O extends object, C>(norm: NormCase<O, C>): readonly Check[] {
  return [
    ...promised(
      norm,
      "permutation",
      over(norm, "permuting the batch permutes the output", (sample) =>
        commutesWithPermutation(norm, sample),
      ),
    ),
    ...promised(
      norm,
      "splitting",
      over(norm, splitName(norm), (sample) => {
        if (splits(norm, sample)) isIndependentOfBatch(norm, sample);
      }),
    ),
  ];
}

function splitName<O extends object, C>({ batchIndependent }: NormCase<O, C>): string {
  return batchIndependent
    ? "splitting the batch changes nothing"
    : "splitting the batch in evaluation changes nothing";
}

function extremeChecks<O extends object, C>(norm: NormCase<O, C>): readonly Check[] {
  const finite = Object.keys(extremes).map((name) =>
    over(
      norm,
      `stays finite or throws a named error for ${name}`,
      (s) => {
        if (norm.exceptExtreme?.(name, s)) return;
        staysFinite(s, name, norm.foreignStatistics?.(s));
      },
      {
        share: 0.3,
      },
    ),
  );
  const misfits = over(norm, "wrong and empty inputs are named errors", refusesMisfits, {
    modes: [training],
    share: 0.2,
  });
  const refused = over(
    norm,
    "shapes that the method does not take are named errors",
    (sample) => expectRefusal("a shape that is not accepted", () => applySample(sample)),
    { refused: true, share: 0.2 },
  );
  return [
    ...promised(norm, "extremes", ...finite),
    ...promised(norm, "misuse", misfits, ...(norm.accepts ? [refused] : [])),
  ];
}

function backendChecks<O extends object, C>(
  norm: NormCase<O, C>,
  others: readonly Backend[],
): readonly Check[] {
  const checks = [currentBackend(), ...others].map((backend) => ({
    name: `float32 on ${backend.name} agrees with float64`,
    run: () =>
      forAllOn(backend, samples(norm, { roomy: true }), (sample) =>
        agreesInFloat32(norm, sample, backend),
      ),
  }));
  return promised(norm, "float32", ...checks);
}

function reductionChecks<O extends object, C>(norm: NormCase<O, C>): Check[] {
  return (norm.reducesTo ?? []).map((reduction) =>
    over(norm, `equals ${reduction.name}`, (sample) => equalsReduction(norm, reduction, sample), {
      modes: reduction.modes,
    }),
  );
}

function ownChecks<O extends object, C>(norm: NormCase<O, C>): Check[] {
  const laws = (norm.laws ?? []).map(({ name, modes, holds }) =>
    over(norm, name, holds, { modes }),
  );
  const rejections = (norm.rejects ?? []).map((rejection) => ({
    name: `${rejection.name} is refused`,
    run: () => refusesMisuse(norm, rejection),
  }));
  return [...laws, ...rejections];
}
