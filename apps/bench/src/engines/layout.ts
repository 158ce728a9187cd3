/** [N, C, ...space] to [N, ...space, C]: the layout in which several engines are fastest. */
export function toChannelsLast(
  data: Float32Array,
  shape: readonly number[],
): Float32Array<ArrayBuffer> {
  const { batch, channels, space } = planes(shape);
  const out = new Float32Array(data.length);
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++)
      for (let s = 0; s < space; s++)
        out[(n * space + s) * channels + c] = data[(n * channels + c) * space + s]!;
  return out;
}

/** Back to [N, C, ...space], the shape given; the data are in [N, ...space, C]. */
export function toChannelsFirst(data: ArrayLike<number>, shape: readonly number[]): Float32Array {
  const { batch, channels, space } = planes(shape);
  const out = new Float32Array(data.length);
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++)
      for (let s = 0; s < space; s++)
        out[(n * channels + c) * space + s] = data[(n * space + s) * channels + c]!;
  return out;
}

function planes(shape: readonly number[]): { batch: number; channels: number; space: number } {
  const [batch, channels, ...spatial] = shape as [number, number, ...number[]];
  return { batch, channels, space: spatial.reduce((a, b) => a * b, 1) };
}
