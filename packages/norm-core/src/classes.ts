import {
  cast,
  fail,
  gather,
  matmul,
  ShapeError,
  sameShape,
  show,
  showShape,
  Tensor,
  ValueError,
} from "@evenkeel/autodiff";
import { statisticsDType } from "./normalize.ts";

/**
 * The class of each sample: ids, or soft classes, a tensor [samples, numClasses] that says how much of
 * each class a sample is.
 */
export type Classes = readonly number[] | Int32Array | Tensor;

/**
 * Refuses what does not name a class for each sample.
 *
 * @param classes - As the condition holds them.
 * @returns The classes that came in.
 * @throws ShapeError for none, or for another number of samples or classes; ValueError for an id outside
 *   the classes.
 */
export function checkClasses(
  where: string,
  classes: Classes | undefined,
  { numClasses, samples }: { readonly numClasses: number; readonly samples: number },
): Classes {
  const wanted = [samples, numClasses];
  const soft = classes instanceof Tensor;
  const fits = soft ? sameShape(classes.shape, wanted) : classes?.length === samples;
  if (!classes || !fits) {
    fail(
      {
        where: `${where} classes`,
        expected: `${samples} ids, one per sample, or soft classes of shape ${showShape(wanted)}`,
        got: soft
          ? `shape ${showShape(classes.shape)}`
          : classes
            ? `${classes.length} ids`
            : "none",
        hint: "Pass them in the condition.",
      },
      ShapeError,
    );
  }
  if (!soft) checkIds(where, classes, numClasses);
  return classes;
}

function checkIds(where: string, ids: readonly number[] | Int32Array, numClasses: number): void {
  const bad = ids.findIndex((id) => !(Number.isInteger(id) && id >= 0 && id < numClasses));
  if (bad < 0) return;
  fail(
    {
      where: `${where} classes`,
      expected: `whole numbers from 0 to ${numClasses - 1}`,
      got: `${show(ids[bad])} at position ${bad}`,
    },
    ValueError,
  );
}

/**
 * Each sample's row of a table with one row per class; soft classes mix rows: Σ over k of
 * classes[n, k] · table[k]. Rows are in the statistics' dtype, so that the gradient of a row that many
 * samples share is added up there.
 *
 * @param table - [numClasses, entries].
 * @param classes - Checked by `checkClasses`.
 * @returns [samples, entries].
 */
export function lookup(table: Tensor, classes: Classes): Tensor {
  const rows = cast(table, statisticsDType(table));
  return classes instanceof Tensor
    ? matmul(cast(classes, rows.dtype), rows)
    : gather(rows, classes);
}
