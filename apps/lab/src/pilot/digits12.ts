import { type Random, random } from "@evenkeel/autodiff";
import { digitRows } from "../data/digits.ts";

/** Images of 12 by 12 pixels, one after the other, and the digit on each. */
export interface Images {
  readonly pixels: Float32Array;
  readonly labels: Int32Array;
}

export const side = 12;

/**
 * Dot-matrix digits at a random place, with their own contrast U(0.5, 1.5) and offset U(−0.5, 0.5), and white
 * noise of deviation 0.3.
 */
function drawDigits(count: number, source: Random): Images {
  const pixels = new Float32Array(count * side * side);
  const labels = Int32Array.from({ length: count }, () => source.integer(digitRows.length));
  labels.forEach((label, i) => {
    draw(pixels.subarray(i * side * side, (i + 1) * side * side), digitRows[label]!, source);
  });
  return { pixels, labels };
}

function draw(image: Float32Array, rows: readonly string[], source: Random): void {
  const [top, left] = [1 + source.integer(4), 2 + source.integer(4)];
  const [contrast, offset] = [0.5 + source.next(), source.next() - 0.5];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const ink = rows[y - top]?.[x - left] === "#" ? contrast : 0;
      image[y * side + x] = ink + offset + 0.3 * source.gaussian();
    }
  }
}

/** 6000 images to train on and 2000 to test with, the same for every method and seed. */
export function pilotData(): { readonly train: Images; readonly test: Images } {
  const source = random(1);
  return { train: drawDigits(6000, source.split()), test: drawDigits(2000, source.split()) };
}
