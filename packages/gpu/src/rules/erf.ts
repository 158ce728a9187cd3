import { type GpuOp, gpuOp } from "../rule.ts";

export const erfOps: Readonly<Record<string, GpuOp>> = {
  /**
   * erf |x| = 1 − (a₁t + … + a₅t⁵)·e^(−x²), t = 1 / (1 + p·|x|): off by 1.5e-7 at most.
   *
   * @see Abramowitz & Stegun, Handbook of Mathematical Functions, 7.1.26
   */
  erf: gpuOp<void>({
    lower: (inputs) => ({
      ...{ inputs, size: inputs[0]!.size, pointwise: true, operations: 16 },
      write(w, at) {
        const x = w.bind(w.read(0, at));
        const t = w.bind(`1 / (1 + 0.3275911 * Math.abs(${x}))`);
        const [a1, a2, a3, a4, a5] = [
          "0.254829592",
          "0.284496736",
          "1.421413741",
          "1.453152027",
          "1.061405429",
        ];
        const sum = `((((${a5} * ${t} - ${a4}) * ${t} + ${a3}) * ${t} - ${a2}) * ${t} + ${a1}) * ${t}`;
        return `Math.sign(${x}) * (1 - ${sum} * Math.exp(0 - ${x} * ${x}))`;
      },
    }),
  }),
};
