import type { Shape } from "@evenkeel/autodiff";
import type { Index, Writer } from "../rule.ts";

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
      const place = w.bind(w.index(`a * ${s} - ${p} + b * ${d}`, at, tap));
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
  const along = (axis: 0 | 1, at: Index, then: Visit): void => {
    const [s, p, d] = [window.stride[axis], window.padding[axis], window.dilation[axis]];
    w.loop(window.kernel[axis]!, (tap) => {
      const first = w.bind(w.index(`a + ${p} - b * ${d}`, at, tap));
      const place = s === 1 ? first : w.bind(w.index(`quotient(a, ${s})`, first));
      const between = s === 1 ? "" : ` && ${place} * ${s} === ${first}`;
      w.when(`${first} >= 0 && ${place} < ${output[axis]}${between}`, () => then(tap, place));
    });
  };
  along(0, y, (i, row) => along(1, x, (j, column) => visit([i, j], [row, column])));
}
