import { fail, ShapeError, showShape, type Tensor } from "@evenkeel/autodiff";
import { checkOptions, count, type OptionRule, type OptionRules } from "@evenkeel/norm-core";
import { checkInProcess } from "../in-process.ts";
import { complexMatrix, singularValues } from "../matrix/svd.ts";
import { type Transformed, transformPlanes } from "./fourier.ts";

/** Singular values at each frequency of a grid. */
export interface Spectrum {
  readonly height: number;
  readonly width: number;
  /** How many there are at each frequency. */
  readonly count: number;
  /** [height, width, count]: descending at each frequency, frequencies as an FFT orders them. */
  readonly values: Float64Array;
}

/** What of a convolution is not in its kernel. */
export interface ConvolutionSpectrumOptions {
  /** Of the grid on which it works: its input's, before any stride. */
  readonly height: number;
  readonly width: number;
  /** Steps between taps, vertically and horizontally. Default 1. */
  readonly dilation?: number | readonly [number, number];
  /** Groups of channels that do not mix. Default 1. */
  readonly groups?: number;
  /** A factor for each output channel: the scale of a norm behind it. Default: none. */
  readonly scale?: ArrayLike<number> | undefined;
}

const isCount = (v: unknown): boolean => Number.isInteger(v) && (v as number) > 0;
const dilation: OptionRule<number | readonly [number, number]> = {
  fallback: 1,
  expected: "a whole number >= 1 or a pair [vertical, horizontal]",
  legal: (v) => isCount(v) || (Array.isArray(v) && v.length === 2 && v.every(isCount)),
};
const scale: OptionRule<ArrayLike<number> | undefined> = {
  expected: "a number per output channel",
  legal: (v) => v === undefined || typeof (v as ArrayLike<number> | null)?.length === "number",
};
const rules: OptionRules<ConvolutionSpectrumOptions> = {
  height: count(),
  width: count(),
  dilation,
  groups: count(1),
  scale,
};

/**
 * The singular values of a convolution, frequency by frequency.
 *
 *     Ŵ(u, v) = Σ over taps a, b of K[:, :, a, b]·exp(−2πi·(u·a/height + v·b/width))
 *     values(u, v) = singular values of Ŵ(u, v), a matrix of outputs × inputs
 *
 * **When to use.** To see which frequencies and how many directions of channels a layer lets through. With
 * circular padding all values together are the singular values of the layer as a linear map; with zero padding
 * they are an approximation, because the borders mix frequencies.
 *
 * @param kernel - [outputs, inputs / groups, kernel height, kernel width]; taps beyond the grid wrap around.
 * @returns min(outputs, inputs) values at each of height·width frequencies.
 * @throws ShapeError for a kernel of another rank, without elements, or that groups or scale do not fit;
 *   OptionError for options; ValueError for numbers that are not finite.
 * @throws EvenkeelError on a backend whose memory is not in the process.
 *
 * @example
 * const conv = new Conv2d({ inChannels: 4, outChannels: 8, kernelSize: 3, padding: 1 });
 * convolutionSpectrum(conv.weight.value, { height: 16, width: 16 }).count; // 4
 *
 * @see Wen, Jacot: Which Frequencies do CNNs Need? https://arxiv.org/abs/2402.08010
 */
export function convolutionSpectrum(kernel: Tensor, options: ConvolutionSpectrumOptions): Spectrum {
  checkInProcess("convolutionSpectrum");
  const checked = checkOptions("convolutionSpectrum", options, rules);
  const { height, width, groups } = checked;
  checkKernel(kernel, checked);
  const [outputs, inputs] = kernel.shape as readonly [number, number];
  const planes = transformPlanes(onGrid(kernel, checked), height, width);
  const rows = outputs / groups;
  const parts = Array.from({ length: groups }, (_, group) =>
    spectrumOf(planes, { height, width, rows, columns: inputs, first: group * rows * inputs }),
  );
  return groups === 1 ? parts[0]! : together(parts);
}

function checkKernel(
  kernel: Tensor,
  { groups, scale }: Required<ConvolutionSpectrumOptions>,
): void {
  const { rank, shape, size } = kernel;
  const [outputs = 0] = shape;
  const where = "convolutionSpectrum";
  const got = `shape ${showShape(shape)}`;
  if (rank !== 4 || size === 0) {
    const expected = "a kernel [outputs, inputs / groups, height, width] with elements";
    fail({ where, expected, got }, ShapeError);
  }
  if (outputs % groups !== 0) {
    const expected = `a number of outputs that groups (${groups}) divides`;
    fail({ where, expected, got }, ShapeError);
  }
  if (scale !== undefined && scale.length !== outputs) {
    const expected = `a scale of ${outputs} numbers, one per output channel`;
    fail({ where, expected, got: String(scale.length) }, ShapeError);
  }
}

/** Each pair's kernel laid on a plane of zeros, its first tap at the origin. */
function onGrid(
  { data, shape }: Tensor,
  { height, width, dilation: steps, scale: factors }: Required<ConvolutionSpectrumOptions>,
): Float64Array {
  const [outputs, inputs, rows, columns] = shape as readonly [number, number, number, number];
  const [down, right] = typeof steps === "number" ? [steps, steps] : steps;
  const out = new Float64Array(outputs * inputs * height * width);
  let from = 0;
  for (let pair = 0; pair < outputs * inputs; pair++) {
    const factor = factors?.[Math.floor(pair / inputs)] ?? 1;
    for (let a = 0; a < rows; a++) {
      const row = (pair * height + ((a * down) % height)) * width;
      for (let b = 0; b < columns; b++) out[row + ((b * right) % width)]! += factor * data[from++]!;
    }
  }
  return out;
}

/**
 * The spectrum of activations: which frequencies a layer's outputs live on, and in how many directions of
 * channels.
 *
 *     Â(u, v) = orthonormal transform of every plane of x, a matrix of samples × channels
 *     values(u, v) = singular values of Â(u, v) / √samples
 *
 * Their squares are the eigenvalues of the channels' covariance at that frequency, not centered.
 *
 * @param x - [samples, channels, height, width].
 * @returns min(samples, channels) values at each frequency: with fewer samples than channels, ranks are
 *   bounded by the samples.
 * @throws ShapeError for another rank or no elements; ValueError for numbers that are not finite.
 * @throws EvenkeelError on a backend whose memory is not in the process.
 *
 * @example
 * activationSpectrum(random(1).normal([32, 8, 6, 6])).count; // 8
 *
 * @see Wen, Jacot: Which Frequencies do CNNs Need? https://arxiv.org/abs/2402.08010
 */
export function activationSpectrum(x: Tensor): Spectrum {
  checkInProcess("activationSpectrum");
  if (x.rank !== 4 || x.size === 0) {
    const expected = "x of shape [samples, channels, height, width] with elements";
    const got = `shape ${showShape(x.shape)}`;
    fail({ where: "activationSpectrum", expected, got }, ShapeError);
  }
  const [samples, channels, height, width] = x.shape as readonly [number, number, number, number];
  const factor = 1 / Math.sqrt(samples * height * width);
  const data = Float64Array.from(x.data, (v) => v * factor);
  const planes = transformPlanes(data, height, width);
  return spectrumOf(planes, { height, width, rows: samples, columns: channels, first: 0 });
}

interface Planes {
  readonly height: number;
  readonly width: number;
  readonly rows: number;
  readonly columns: number;
  /** The first plane that counts. */
  readonly first: number;
}

/** Planes are those of row 0, column by column, then those of row 1. */
function spectrumOf({ re, im }: Transformed, planes: Planes): Spectrum {
  const { height, width, rows, columns, first } = planes;
  const [cells, count] = [height * width, Math.min(rows, columns)];
  const values = new Float64Array(cells * count);
  const matrix = complexMatrix(rows, columns);
  for (let cell = 0; cell < cells; cell++) {
    // Real numbers have the same values at (u, v) and (−u, −v).
    const [u, v] = [Math.floor(cell / width), cell % width];
    const twin = ((height - u) % height) * width + ((width - v) % width);
    if (twin < cell) {
      values.copyWithin(cell * count, twin * count, (twin + 1) * count);
      continue;
    }
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const at = (first + i * columns + j) * cells + cell;
        matrix.re[j * rows + i] = re[at]!;
        matrix.im[j * rows + i] = im[at]!;
      }
    }
    values.set(singularValues(matrix), cell * count);
  }
  return { height, width, count, values };
}

/** Blocks on a diagonal: at each frequency the values of all. */
function together(parts: readonly Spectrum[]): Spectrum {
  const { height, width, count: each } = parts[0]!;
  const count = each * parts.length;
  const values = new Float64Array(height * width * count);
  for (let cell = 0; cell < height * width; cell++) {
    const own = values.subarray(cell * count, (cell + 1) * count);
    parts.forEach((part, i) => {
      own.set(part.values.subarray(cell * each, (cell + 1) * each), i * each);
    });
    own.sort().reverse();
  }
  return { height, width, count, values };
}
