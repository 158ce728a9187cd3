import { random, type Tensor } from "@evenkeel/autodiff";
import { batchNorm } from "@evenkeel/batch-norm";
import {
  activationHistograms,
  activationSpectrum,
  balancePlot,
  bottleneckPlot,
  bottleneckRank,
  condensationPlot,
  driftPlot,
  gradientBalance,
  histogramPlot,
  layerCondensations,
  layerDrifts,
  normCurves,
  type PlotSpec,
  spectrumPlot,
} from "@evenkeel/diagnostics";
import {
  Conv2d,
  crossEntropy,
  Flatten,
  GlobalAvgPool2d,
  Linear,
  norm,
  ReLU,
  Sequential,
} from "@evenkeel/nn";
import { describe, expect, test } from "vitest";
import { plotOptions } from "../src/report/plot-spec.ts";
import { renderPlot } from "../src/report/render.ts";

const conv = (inChannels: number, outChannels: number): Conv2d =>
  new Conv2d({ inChannels, outChannels, kernelSize: 3, padding: 1, seed: outChannels });
const model = new Sequential(
  conv(1, 3),
  norm(batchNorm, { numFeatures: 3 }),
  new ReLU(),
  conv(3, 2),
  norm(batchNorm, { numFeatures: 2 }),
  new GlobalAvgPool2d(),
  new Flatten(),
  new Linear({ inFeatures: 2, outFeatures: 3, seed: 1 }),
);
const x = random(1).normal([6, 1, 5, 4]);
const labels = [0, 1, 2, 0, 1, 0];
const losses = (): Tensor => crossEntropy(model.forward(x), labels, { reduction: "none" });

/** Each plot, with how many of a mark's elements the picture holds. */
const plots: Readonly<
  Record<string, readonly [PlotSpec, label: string, drawn: RegExp, n: number]>
> = {
  drift: [driftPlot(layerDrifts(model, x)), "dot", /<circle/g, 3 + 2],
  condensation: [condensationPlot(layerCondensations(model, x)), "dot", /<circle/g, 2],
  bottleneck: [bottleneckPlot(bottleneckRank(model, x)), "dot", /<circle/g, 2 * 2],
  spectrum: [spectrumPlot(activationSpectrum(x)), "cell", /<rect/g, 5 * 4],
  balance: [balancePlot(gradientBalance(model, labels, losses)), "bar", /<rect/g, 3],
  histogram: [histogramPlot(normCurves(activationHistograms(model, x))), "area", /<path/g, 2 * 3],
};

describe("Observable Plot draws the specification of", () => {
  for (const [name, [spec, label, drawn, n]] of Object.entries(plots)) {
    test(name, () => {
      const svg = renderPlot(plotOptions(JSON.parse(JSON.stringify(spec)) as PlotSpec));
      const group = svg.split(`aria-label="${label}"`).slice(1).join("");
      expect((group.match(drawn) ?? []).length).toBeGreaterThanOrEqual(n);
      expect(svg).toContain(`aria-label="${spec.title}"`);
      expect(svg.match(/\b(?:NaN|Infinity|undefined)\b/)).toBeNull();
    });
  }
});
