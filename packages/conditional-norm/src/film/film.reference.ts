import type { NormCall } from "@evenkeel/testkit";
import type { Result } from "../rows.reference.ts";
import type { FilmCondition, FilmOptions } from "./film.ts";

/** Perez et al., equation 2, on [N, C, …space] in float64. */
export function filmReference({
  x,
  state,
  condition,
}: NormCall<FilmOptions, FilmCondition>): Result {
  const [samples, channels] = x.shape as [number, number];
  const space = x.data.length / (samples * channels);
  const { gamma, beta } = condition!;
  const data = x.data.map((v, i) => {
    const plane = Math.floor(i / space);
    return gamma.data[plane]! * v + beta.data[plane]!;
  });
  return { output: { shape: x.shape, data }, state };
}
