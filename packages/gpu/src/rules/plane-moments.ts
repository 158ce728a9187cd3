import type { Index, Lowering, Node, Num, Source } from "../rule.ts";
import { elementOf, length, type PlaneLayout, planes } from "./plane-layout.ts";
import { partsOf } from "./sums.ts";

/** Mean and M2 of each part of a plane, then those of the plane by Chan's formula. */
export const moments: Lowering<PlaneLayout> = (inputs, { params: layout }) => {
  const [count, size] = [length(layout), planes(layout)];
  const cut = partsOf(count);
  const first = momentsOfParts(inputs, layout, cut);
  if (cut.parts === 1) return first;
  const { parts } = cut;
  return {
    size: 2 * size,
    inputs: [first],
    pointwise: false,
    readsOnce: true,
    write: (w, at) => {
      const plane = w.index(`remainder(a, ${size})`, at);
      const mean = w.variable("0");
      const weight = (k: Index): Num => w.bind(terms(cut, count, k));
      w.loop(parts, (k) => {
        const m = w.read(0, w.index(`a * ${parts} + b`, plane, k));
        w.assign(mean, `${mean} + ${m} * ${weight(k)} / ${count}`);
      });
      const result = w.variable(mean);
      w.when(`${at} >= ${size}`, () => {
        w.assign(result, "0");
        w.loop(parts, (k) => {
          const m = w.read(0, w.index(`a * ${parts} + b`, plane, k));
          const m2 = w.read(0, w.index(`(a + ${size}) * ${parts} + b`, plane, k));
          const d = w.bind(`${m} - ${mean}`);
          w.assign(result, `${result} + ${m2} + ${d} * ${d} * ${weight(k)}`);
        });
      });
      return result;
    },
  };
};

interface Cut {
  readonly parts: number;
  readonly length: number;
}

/** Text: how many elements part k has. */
function terms({ parts, length: n }: Cut, count: number, k: Index): string {
  return parts * n === count ? String(n) : `Math.min(${n}, ${count} - ${k} * ${n})`;
}

function momentsOfParts(inputs: readonly Source[], layout: PlaneLayout, cut: Cut): Node {
  const { parts, length: n } = cut;
  const count = length(layout);
  const size = planes(layout) * parts;
  return {
    size: 2 * size,
    inputs,
    pointwise: false,
    readsOnce: true,
    write: (w, at) => {
      const part = w.index(`remainder(a, ${size})`, at);
      const k = w.index(`remainder(a, ${parts})`, part);
      const each = (visit: (x: Num) => void): void =>
        w.loop(n, (i) => {
          const place = w.index(
            elementOf(layout, `quotient(a, ${parts})`, `(remainder(a, ${parts}) * ${n} + b)`),
            part,
            i,
          );
          const visitIt = (): void => visit(w.read(0, place));
          if (parts * n === count) visitIt();
          else w.when(`${w.index(`a * ${n} + b`, k, i)} < ${count}`, visitIt);
        });
      const result = w.variable("0");
      each((x) => w.assign(result, `${result} + ${x}`));
      w.assign(result, `${result} / ${w.bind(terms(cut, count, k))}`);
      w.when(`${at} >= ${size}`, () => {
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
