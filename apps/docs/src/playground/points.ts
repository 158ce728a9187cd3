import { type Random, random } from "@evenkeel/autodiff";
import { type Dataset, type RawSplit, standardize } from "@evenkeel/lab/dataset";

/** Draws a point of a class, before noise. */
type Curve = (label: number, stream: Random) => readonly [x: number, y: number];

interface Shape {
  readonly classes: readonly string[];
  readonly noise: number;
  readonly curve: Curve;
}

/** Two half circles, each with an end inside the other. */
const moon: Curve = (label, stream) => {
  const angle = Math.PI * stream.next();
  const [x, y] = [Math.cos(angle), Math.sin(angle)];
  return label === 0 ? [x, y] : [1 - x, 0.5 - y];
};

/** Three arms that turn once around the middle. */
const spiral: Curve = (label, stream) => {
  const along = Math.sqrt(stream.next());
  const angle = 2 * Math.PI * (along + label / 3);
  return [along * Math.cos(angle), along * Math.sin(angle)];
};

const shapes = {
  moons: { classes: ["upper", "lower"], noise: 0.15, curve: moon },
  spirals: { classes: ["first", "second", "third"], noise: 0.03, curve: spiral },
} as const satisfies Readonly<Record<string, Shape>>;

const TRAIN = 2000;
const TEST = 500;

/**
 * Noisy points in a plane, as images of two channels and one pixel; classes are equally frequent, and the same
 * points come every time.
 */
export function points(name: keyof typeof shapes): Dataset {
  const { classes, noise, curve }: Shape = shapes[name];
  const stream = random(1);
  const draw = (count: number): RawSplit => {
    const pixels = new Float32Array(2 * count);
    const labels = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      labels[i] = i % classes.length;
      const [x, y] = curve(labels[i]!, stream);
      pixels.set([x + noise * stream.gaussian(), y + noise * stream.gaussian()], 2 * i);
    }
    return { pixels, labels, domains: null };
  };
  const [train, test] = [draw(TRAIN), draw(TEST)];
  return standardize({ name, shape: [2, 1, 1], classes, domains: [], train, test });
}
