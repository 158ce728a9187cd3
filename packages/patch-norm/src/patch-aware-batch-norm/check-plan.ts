import { fail, ShapeError, show, ValueError } from "@evenkeel/autodiff";
import type { PatchPlan, PatchVersion, PlanSizes } from "./plan.ts";

/** A patch: rows from `top` to before `bottom`, columns from `left` to before `right`. */
export interface Patch {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/** The patches of a version, row by row. */
export function patchesOf(
  { rowSplit, colSplit }: PatchVersion,
  { height, width }: Pick<PlanSizes, "height" | "width">,
): readonly Patch[] {
  const between = (split: number | undefined, side: number): (readonly [number, number])[] =>
    split === undefined
      ? [[0, side]]
      : [
          [0, split],
          [split, side],
        ];
  return between(rowSplit, height).flatMap(([top, bottom]) =>
    between(colSplit, width).map(([left, right]) => ({ top, bottom, left, right })),
  );
}

/**
 * Refuses a plan that does not fit.
 *
 * @returns The plan that came in.
 * @throws ValueError for splits outside the image and masks of other sizes than patches and channels;
 *   ShapeError for a patch of one value.
 */
export function checkPlan(where: string, plan: PatchPlan, sizes: PlanSizes): PatchPlan {
  const { first, second, useSecond } = plan;
  for (const version of second ? [first, second] : [first]) {
    checkSplit(`${where} rowSplit`, version.rowSplit, sizes.height, "rows");
    checkSplit(`${where} colSplit`, version.colSplit, sizes.width, "columns");
    const patches = patchesOf(version, sizes);
    for (const patch of patches) checkPatch(where, patch, sizes.depth);
    const masks = version.ownStatistics;
    if (masks === undefined) continue;
    if (masks.length !== patches.length) {
      const expected = `one mask for each of ${patches.length} patches`;
      refuse(`${where} ownStatistics`, expected, String(masks.length));
    }
    for (const mask of masks) checkMask(`${where} ownStatistics`, mask, sizes.channels);
  }
  if (useSecond) checkMask(`${where} useSecond`, useSecond, sizes.channels);
  if (useSecond && !second) refuse(`${where} useSecond`, "a second version", "none");
  return plan;
}

function checkSplit(where: string, split: number | undefined, side: number, of: string): void {
  if (split === undefined) return;
  if (Number.isInteger(split) && split > 0 && split < side) return;
  refuse(where, `a whole number above 0 and below the ${side} ${of}`, show(split));
}

function checkMask(where: string, mask: ArrayLike<number>, channels: number): void {
  const at = Array.from(mask).findIndex((flag) => flag !== 0 && flag !== 1);
  if (at >= 0) refuse(where, "flags 0 and 1", `${mask[at]} at position ${at}`);
  if (mask.length !== channels)
    refuse(where, `${channels} flags, one per channel`, `${mask.length}`);
}

/** Refuses a patch of one value: its output would be the bias. */
function checkPatch(where: string, { top, bottom, left, right }: Patch, depth: number): void {
  if (depth * (bottom - top) * (right - left) > 1) return;
  fail(
    {
      where,
      expected: "more than one value in every patch",
      got: `one sample and a patch of ${bottom - top} by ${right - left}`,
      hint: "Use larger batches, larger patches, or evaluation mode.",
    },
    ShapeError,
  );
}

function refuse(where: string, expected: string, got: string): never {
  return fail({ where, expected, got, hint: "Correct the plan in the condition." }, ValueError);
}
