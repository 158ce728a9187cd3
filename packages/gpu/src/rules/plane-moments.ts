import type { Index, Lowering, Node, Num, Source } from "../rule.ts";
import { coordinates } from "./coordinates.ts";
import { plus, unrolled } from "./loops.ts";
import {
  acrossPlanes,
  alongRow,
  length,
  type PlaneLayout,
  planes,
  stepTo,
  withinPlane,
} from "./plane-layout.ts";
import { type Cut, cutOf, eachTerm } from "./sums.ts";

/** Mean and M2 of each part of a plane, then those of the plane by Chan's formula. */
export const moments: Lowering<PlaneLayout> = (inputs, { params: layout }) => {
  const [count, size] = [length(layout), planes(layout)];
  const cut = cutOf(withinPlane(layout));
  const first = momentsOfParts(inputs, layout, cut);
  if (cut.parts === 1) return first;
  const { parts } = cut;
  return {
    size: 2 * size,
    inputs: [first],
    pointwise: false,
    readsOnce: true,
    write: (w, at) => {
      const [half, plane] = coordinates(w, at, [2, size]);
      const start = w.place(plus(w, "0", plane, parts));
      const mean = w.variable("0");
      const weight = (k: Index): Num => terms(cut, count, k);
      unrolled(w, "0", parts, (k) => {
        const m = w.read(0, plus(w, start, k));
        w.assign(mean, `${mean} + ${m} * ${weight(k)} / ${count}`);
      });
      const result = w.variable(mean);
      w.when(`${half} > 0`, () => {
        w.assign(result, "0");
        const behind = w.place(plus(w, start, size * parts));
        unrolled(w, "0", parts, (k) => {
          const d = w.bind(`${w.read(0, plus(w, start, k))} - ${mean}`);
          const m2 = w.read(0, plus(w, behind, k));
          w.assign(result, `${result} + ${m2} + ${d} * ${d} * ${weight(k)}`);
        });
      });
      return result;
    },
  };
};

/** Text: how many elements part k has. */
function terms({ parts, length: n }: Cut, count: number, k: Index): string {
  return parts * n === count ? String(n) : `Math.min(${n}, ${count} - ${k} * ${n})`;
}

function momentsOfParts(inputs: readonly Source[], layout: PlaneLayout, cut: Cut): Node {
  const [walk, across] = [withinPlane(layout), acrossPlanes(layout)];
  const size = planes(layout);
  return {
    size: 2 * size * cut.parts,
    inputs,
    pointwise: false,
    readsOnce: true,
    write: (w, at) => {
      const [half, plane, part] = coordinates(w, at, [2, size, cut.parts]);
      const start = stepTo(w, across, plane);
      const each = (visit: (x: Num) => void): void => {
        const row = (r: Index): ((column: Index) => Num) => {
          const elements = alongRow(w, walk, start, r);
          return (column) => w.read(0, elements(column).place);
        };
        eachTerm(w, { ...walk, ...cut }, part, row, visit);
      };
      const result = w.variable("0");
      each((x) => w.assign(result, `${result} + ${x}`));
      w.assign(result, `${result} / ${w.bind(terms(cut, walk.count, part))}`);
      w.when(`${half} > 0`, () => {
        const mean = w.bind(`${result} + 0`);
        w.assign(result, "0");
        each((x) => {
          const d = w.bind(`${x} - ${mean}`);
          w.assign(result, `${result} + ${d} * ${d}`);
        });
      });
      return result;
    },
  };
}
