import { ones, onesLike, type Tensor, zeros, zerosLike } from "@evenkeel/autodiff";
import type { NormCase, Rejection } from "@evenkeel/testkit";
import { expectNear } from "../near.ts";
import { filmReference } from "./film.reference.ts";
import { type FilmCondition, type FilmOptions, film, filmGenerator } from "./film.ts";

const hint = "one row per sample";

function misshapen(
  name: string,
  condition: FilmCondition | undefined,
  message: string,
): Rejection<FilmOptions, FilmCondition> {
  return {
    name,
    run: ({ bound, x, params, state }) => bound.apply(x, params, state, { condition }),
    message: `${message} Pass it in the condition.`,
  };
}

/** What FiLM promises, as data for `normSuite`. */
export const filmCase: NormCase<FilmOptions, FilmCondition> = {
  norm: film,
  options: (numFeatures) => [{ numFeatures }],
  reference: filmReference,
  condition(stream, [samples, channels]) {
    const draw = (): Tensor => stream.normal([samples!, channels!], { dtype: "float64" });
    return { gamma: draw(), beta: draw() };
  },
  conditionGradients: true,
  batchIndependent: true,
  // gamma·x may be too large, whatever the mode.
  foreignStatistics: () => true,
  laws: [
    {
      name: "gamma 1 and beta 0 change nothing",
      holds({ bound, x, condition }) {
        const same = { gamma: onesLike(condition!.gamma), beta: zerosLike(condition!.beta) };
        expectNear(bound.apply(x, {}, {}, { condition: same }).output, x);
      },
    },
    {
      name: "what the generator makes of weights 0 changes nothing",
      holds({ bound, x }) {
        const [samples, channels] = x.shape as [number, number];
        const embedding = ones([samples, 2], { dtype: "float64" });
        const weight = zeros([2 * channels, 2], { dtype: "float64" });
        const condition = filmGenerator(embedding, weight);
        expectNear(bound.apply(x, {}, {}, { condition }).output, x);
      },
    },
  ],
  rejects: [
    {
      name: "another number of channels",
      run: ({ bound, condition }) => bound.apply(zeros([4, 5, 3]), {}, {}, { condition }),
      message:
        "film: expected x with 3 channels on axis 1, got shape [4, 5, 3]. Or pass channelAxis: 2.",
    },
    misshapen("no condition", undefined, `film gamma: expected shape [4, 3], ${hint}, got none.`),
    misshapen(
      "a gamma of other channels",
      { gamma: zeros([4, 2]), beta: zeros([4, 3]) },
      `film gamma: expected shape [4, 3], ${hint}, got [4, 2].`,
    ),
    misshapen(
      "a beta of other samples",
      { gamma: zeros([4, 3]), beta: zeros([1, 3]) },
      `film beta: expected shape [4, 3], ${hint}, got [1, 3].`,
    ),
  ],
  golden: [
    {
      method: "film",
      options: ({ variant, ...config }) =>
        variant === "film" ? (config as unknown as FilmOptions) : undefined,
      condition: ({ inputs }) => ({ gamma: inputs["gamma"]!, beta: inputs["beta"]! }),
    },
  ],
};
