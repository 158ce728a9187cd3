import type { PlotSpec } from "../plot.ts";
import type { Bottleneck } from "./bottleneck-rank.ts";
import { frequencyEnergies } from "./measures.ts";
import type { Spectrum } from "./spectrum.ts";

/**
 * The total ranks of weights and activations, convolution by convolution.
 *
 * @example
 * const { title, scales, marks } = bottleneckPlot(bottleneckRank(model, x));
 */
export function bottleneckPlot({ layers }: Bottleneck): PlotSpec {
  const data = layers.flatMap(({ name, weightRanks, activationRanks }) => [
    { layer: name, of: "weights", rank: weightRanks.total },
    { layer: name, of: "activations", rank: activationRanks.total },
  ]);
  const at = { x: "layer", y: "rank" };
  const beside = { textAnchor: "end", dx: -8, dy: -8 };
  return {
    title: "Ranks of convolutions and of what they give, over all frequencies",
    scales: {
      x: { label: "layer", type: "point", domain: layers.map(({ name }) => name) },
      y: { label: "rank", grid: true },
      color: { domain: ["weights", "activations"] },
    },
    marks: [
      { mark: "line", data, options: { ...at, stroke: "of" } },
      { mark: "dot", data, options: { ...at, fill: "of" } },
      { mark: "text", data: data.slice(-2), options: { ...at, ...beside, text: "of", fill: "of" } },
    ],
  };
}

/**
 * The share of the energy at each frequency, the constant in the middle.
 *
 * @example
 * const { title, scales, marks } = spectrumPlot(activationSpectrum(x));
 */
export function spectrumPlot(spectrum: Spectrum): PlotSpec {
  const { height, width } = spectrum;
  const energies = frequencyEnergies(spectrum);
  const sum = energies.reduce((total, e) => total + e, 0) || 1;
  const data = Array.from(energies, (energy, i) => ({
    vertical: centered(Math.floor(i / width), height),
    horizontal: centered(i % width, width),
    share: energy / sum,
  }));
  return {
    title: "Share of the energy at each frequency",
    scales: {
      x: { label: "horizontal frequency", type: "band" },
      y: { label: "vertical frequency", type: "band" },
      color: { label: "share" },
    },
    marks: [{ mark: "cell", data, options: { x: "horizontal", y: "vertical", fill: "share" } }],
  };
}

/** Frequencies 0 … n − 1 as −n/2 … n/2. */
function centered(u: number, n: number): number {
  return u > n / 2 ? u - n : u;
}
