import type { Shape } from "@evenkeel/autodiff";
import type { Index, Writer } from "../rule.ts";
import { plus } from "./loops.ts";

type Two = readonly [vertical: number, horizontal: number];

/** How windows slide over images; nn's parameters have it under these names. */
export interface Window {
  readonly stride: Two;
  readonly padding: Two;
  readonly dilation: Two;
}

type Visit = (tap: Index, place: Index) => void;

/** Runs `visit` for every tap of the window at an output position that falls on the image. */
export function eachTap(
  w: Writer,
  window: Window & { readonly kernel: Shape },
  image: Shape,
  [row, column]: readonly [Index, Index],
  visit: (tap: readonly [Index, Index], place: readonly [Index, Index]) => void,
): void {
  const along = (axis: 0 | 1, at: Index, then: Visit): void => {
    const [s, p, d] = [window.stride[axis], window.padding[axis], window.dilation[axis]];
    w.loop(window.kernel[axis]!, (tap) => {
      const place = w.place(w.index(`a * ${s} - ${p} + b * ${d}`, at, tap));
      // Without padding every tap falls on the image.
      if (p === 0) then(tap, place);
      else w.when(`${place} >= 0 && ${place} < ${image[axis]}`, () => then(tap, place));
    });
  };
  along(0, row, (i, y) => along(1, column, (j, x) => visit([i, j], [y, x])));
}

/** Runs `visit` for every output position whose window has a tap on a position of the image. */
export function eachWindow(
  w: Writer,
  window: Window & { readonly kernel: Shape },
  output: Shape,
  [y, x]: readonly [Index, Index],
  visit: (tap: readonly [Index, Index], place: readonly [Index, Index]) => void,
): void {
  const along = (axis: 0 | 1, at: Index): ((then: Visit) => void) => {
    const [s, p, d] = [window.stride[axis], window.padding[axis], window.dilation[axis]];
    const taps = window.kernel[axis]!;
    const on = (place: Index): string => `${place} >= 0 && ${place} < ${output[axis]}`;
    const padded = w.place(plus(w, at, p));
    if (s > 1 && d > 1) {
      return (then) =>
        w.loop(taps, (tap) => {
          const first = w.place(w.index(`a - b * ${d}`, padded, tap));
          const place = w.place(w.index(`quotient(a, ${s})`, first));
          w.when(`${first} >= 0 && ${on(place)} && ${place} * ${s} === ${first}`, () =>
            then(tap, place),
          );
        });
    }
    // Every s-th tap falls on an output position, each on the d-th before.
    const [last, first] = [`quotient(a, ${s})`, `remainder(a, ${s})`].map((text, i) =>
      s === 1 ? [padded, "0"][i]! : w.place(w.index(text, padded)),
    ) as [Index, Index];
    return (then) =>
      w.loop(Math.ceil(taps / s), (t) => {
        const tap = w.place(plus(w, first, t, s));
        const place = w.place(w.index(`a - b * ${d}`, last, t));
        const own = taps % s === 0 ? "" : ` && ${tap} < ${taps}`;
        w.when(`${on(place)}${own}`, () => then(tap, place));
      });
  };
  const [rows, columns] = [along(0, y), along(1, x)];
  rows((i, row) => columns((j, column) => visit([i, j], [row, column])));
}
