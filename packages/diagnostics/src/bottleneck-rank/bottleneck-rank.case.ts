import { type Tensor, tensor } from "@evenkeel/autodiff";
import type { Tensors } from "@evenkeel/norm-core";
import type { GoldenProgram, ProgramCall } from "@evenkeel/testkit";
import {
  effectiveRanks,
  frequencyEnergies,
  frequencyRanks,
  largestValue,
  participationRatio,
} from "./measures.ts";
import { activationSpectrum, convolutionSpectrum, type Spectrum } from "./spectrum.ts";

/** The golden file of spectra and ranks, made by an independent program. */
export const bottleneckRankPrograms: readonly GoldenProgram[] = [
  {
    method: "cbn-rank",
    takes: ({ padding }) => padding === "circular",
    understands: ["kind"],
    run({ config, inputs, step }) {
      const kernel = inputs["kernel"]!;
      const [height, width] = [config["height"] as number, config["width"] as number];
      const spectrum = convolutionSpectrum(kernel, { height, width });
      const others = {
        ...common(spectrum),
        ...ranks(spectrum, step),
        effectiveRankPerFrequency: perFrequency(spectrum, effectiveRanks(spectrum)),
        frobeniusSquared: number(
          frequencyEnergies(spectrum).reduce((sum, e) => sum + e, 0) / (height * width),
        ),
      };
      return { output: others.singularValues, others };
    },
  },
  {
    method: "cbn-rank",
    takes: ({ padding }) => padding === undefined,
    understands: ["kind"],
    run({ inputs, step }) {
      const spectrum = activationSpectrum(inputs["activations"]!);
      const energies = frequencyEnergies(spectrum);
      const sum = energies.reduce((total, e) => total + e, 0);
      const others = {
        ...common(spectrum),
        ...ranks(spectrum, step),
        energyShare: perFrequency(
          spectrum,
          energies.map((e) => e / sum),
        ),
        participationRatio: number(participationRatio(spectrum)),
      };
      return { output: others.singularValues, others };
    },
  },
];

/** What both kinds have. */
function common(spectrum: Spectrum): Record<"singularValues" | "energyPerFrequency", Tensor> {
  const { height, width, count, values } = spectrum;
  return {
    singularValues: tensor(values, { shape: [height, width, count] }),
    energyPerFrequency: perFrequency(spectrum, frequencyEnergies(spectrum)),
  };
}

/** Ranks with the thresholds that the step names: "rankPerFrequency:rel:0.1", "totalRank:abs:0.5". */
function ranks(spectrum: Spectrum, { extraOutputs = {} }: ProgramCall["step"]): Tensors {
  const asked = Object.keys(extraOutputs).map((name) => [name, ...name.split(":")]);
  const found = asked.flatMap(([name, what, unit, threshold]) => {
    if (threshold === undefined) return [];
    const factor = unit === "rel" ? largestValue(spectrum) : 1;
    const { total, perFrequency: each } = frequencyRanks(spectrum, factor * Number(threshold));
    return [[name, what === "totalRank" ? number(total) : perFrequency(spectrum, each)] as const];
  });
  return Object.fromEntries(found);
}

function perFrequency({ height, width }: Spectrum, numbers: ArrayLike<number>): Tensor {
  return tensor(Float64Array.from(numbers), { shape: [height, width] });
}

function number(value: number): Tensor {
  return tensor(Float64Array.of(value), { shape: [] });
}
