import { type Random, random } from "@evenkeel/autodiff";
import {
  checkCount,
  type Dataset,
  type DomainSizeOptions,
  type RawDataset,
  type RawSplit,
  standardize,
} from "./dataset.ts";
import { digitRows } from "./digits.ts";
import { holdOut } from "./holdout.ts";

const side = 16;
const scale = 2;
const classes: readonly string[] = Array.from("0123456789");
const ink: readonly Uint8Array[] = digitRows.map((rows) =>
  Uint8Array.from(rows.join(""), (dot) => (dot === "#" ? 1 : 0)),
);

/** How a domain turns ink (0 or 1) and a texture (-1 to 1) into brightness, before noise. */
interface Domain {
  readonly name: string;
  readonly ink: number;
  readonly paper: number;
  readonly texture: number;
  readonly noise: number;
}

const domains: readonly Domain[] = [
  { name: "plain", ink: 1, paper: 0, texture: 0, noise: 0.1 },
  { name: "inverted", ink: 0, paper: 1, texture: 0, noise: 0.1 },
  { name: "noisy", ink: 0.65, paper: 0.2, texture: 0, noise: 0.18 },
  { name: "textured", ink: 1, paper: 0.2, texture: 0.35, noise: 0.1 },
];

/**
 * Draws digits of 16 by 16 pixels, so that something can be trained without any file. Each image
 * is shifted, has its own contrast U(0.5, 1.5), offset U(-0.5, 0.5) and white noise, and belongs to
 * one of four domains that look different: plain, inverted, noisy, textured.
 *
 * @param options - `train` (default 2000) and `test` (500) images are drawn, of which `holdoutDomain`
 *   leaves some out; `seed` (1) decides everything.
 * @returns Classes and domains in equal numbers, shuffled. The test images do not depend on `train`.
 */
export function glyphs(options: DomainSizeOptions = {}): Dataset {
  const { train = 2000, test = 500, seed = 1 } = options;
  checkCount("glyphs", "train", train);
  checkCount("glyphs", "test", test);
  const source = random(seed);
  const trainSource = source.split();
  const raw: RawDataset = {
    name: "glyphs",
    shape: [1, side, side],
    classes,
    domains: domains.map(({ name }) => name),
    train: drawSplit(train, trainSource),
    test: drawSplit(test, source.split()),
  };
  return standardize(holdOut("glyphs", raw, options.holdoutDomain));
}

function drawSplit(count: number, source: Random): RawSplit {
  const pixels = new Float32Array(count * side * side);
  const labels = new Int32Array(count);
  const domainIds = new Int32Array(count);
  source.permutation(count).forEach((kind, i) => {
    const label = kind % classes.length;
    const domain = Math.floor(kind / classes.length) % domains.length;
    labels[i] = label;
    domainIds[i] = domain;
    const image = pixels.subarray(i * side * side, (i + 1) * side * side);
    draw(image, ink[label]!, domains[domain]!, source);
  });
  return { pixels, labels, domains: domainIds };
}

function draw(image: Float32Array, dots: Uint8Array, domain: Domain, source: Random): void {
  const left = source.integer(side - 5 * scale + 1);
  const top = source.integer(side - 7 * scale + 1);
  const contrast = 0.5 + source.next();
  const offset = source.next() - 0.5;
  const texture = stripes(source);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const column = Math.floor((x - left) / scale);
      const row = Math.floor((y - top) / scale);
      const inside = column >= 0 && column < 5 && row >= 0 && row < 7;
      const isInk = inside && dots[row * 5 + column] === 1;
      const surface = (isInk ? domain.ink : domain.paper) + domain.texture * texture(x, y);
      image[y * side + x] = contrast * surface + offset + domain.noise * source.gaussian();
    }
  }
}

/** A sine of random direction, phase and wavelength (4 to 12 pixels). */
function stripes(source: Random): (x: number, y: number) => number {
  const angle = Math.PI * source.next();
  const frequency = (2 * Math.PI) / (4 + 8 * source.next());
  const phase = 2 * Math.PI * source.next();
  const [dx, dy] = [frequency * Math.cos(angle), frequency * Math.sin(angle)];
  return (x, y) => Math.sin(dx * x + dy * y + phase);
}
