import { type ComplexMatrix, complexMatrix } from "../matrix/svd.ts";

/** A real kernel: numbers in rows, and its shape [outputs, inputs, height, width]. */
export interface Kernel {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

/**
 * A circular convolution as the matrix that it is: one row per output channel and position, one column per
 * input channel and position.
 */
export function denseConvolution(
  { data, shape }: Kernel,
  height: number,
  width: number,
): ComplexMatrix {
  const [outputs = 0, inputs = 0, rows = 0, columns = 0] = shape;
  const cells = height * width;
  const matrix = complexMatrix(outputs * cells, inputs * cells);
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++)
          for (let a = 0; a < rows; a++)
            for (let b = 0; b < columns; b++) {
              const to = o * cells + y * width + x;
              const from = i * cells + ((y + a) % height) * width + ((x + b) % width);
              const tap = ((o * inputs + i) * rows + a) * columns + b;
              matrix.re[from * matrix.rows + to]! += data[tap]!;
            }
  return matrix;
}
