import { datasetOf } from "./datasets.ts";
import { h, svg } from "./dom.ts";
import type { DataName } from "./settings.ts";

const ROWS = 2;
const COLUMNS = 7;
const POINTS = 300;

/** A few of the samples to train on, as a picture. */
export function preview(name: DataName): Element {
  return name === "glyphs" ? digits() : cloud(name);
}

/** Digits, brighter than they are read: gray in the middle is the mean. */
function digits(): Element {
  const { train, shape } = datasetOf("glyphs");
  const [, height, width] = shape;
  const label = "Some of the digits: plain, inverted, noisy and textured";
  const canvas = h("canvas", {
    ...{ width: COLUMNS * (width + 1) - 1, height: ROWS * (height + 1) - 1 },
    ...{ role: "img", "aria-label": label },
  });
  const context = canvas.getContext("2d");
  for (let i = 0; i < ROWS * COLUMNS; i++) {
    const pixels = train.images.subarray(i * width * height, (i + 1) * width * height);
    const image = new ImageData(width, height);
    pixels.forEach((value, p) => {
      const gray = Math.round(128 + 55 * value);
      image.data.set([gray, gray, gray, 255], 4 * p);
    });
    const column = i % COLUMNS;
    context?.putImageData(image, column * (width + 1), ((i - column) / COLUMNS) * (height + 1));
  }
  return canvas;
}

/** Points, coloured by their classes. */
function cloud(name: DataName): Element {
  const { train, classes } = datasetOf(name);
  const dots = Array.from({ length: POINTS }, (_, i) => {
    const [x, y] = train.images.subarray(2 * i, 2 * i + 2);
    const fill = `fill: var(--ek-series-${train.labels[i]! + 1})`;
    return svg("circle", { cx: x!, cy: -y!, r: 0.06, style: fill });
  });
  const label = `Some of the points, of ${classes.length} classes`;
  return svg("svg", { viewBox: "-5.25 -2.1 10.5 4.2", role: "img", "aria-label": label }, ...dots);
}
