import { readFileSync } from "node:fs";
import { type Tensor, tensor, vjp } from "@evenkeel/autodiff";
import { expectClose, tolerances } from "@evenkeel/testkit";
import { describe, it } from "vitest";
import { avgPool2d, conv2d, crossEntropy, gelu, linear, maxPool2d } from "./index.ts";

interface Stored {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Case {
  readonly name: string;
  readonly options: Record<string, unknown>;
  readonly target?: readonly number[] | Stored;
  readonly inputs: readonly Stored[];
  readonly output: Stored;
  readonly gradOutput: Stored;
  readonly gradients: readonly Stored[];
}

const golden = JSON.parse(
  readFileSync(new URL("../golden/functions.json", import.meta.url), "utf8"),
) as { readonly cases: readonly Case[] };

function load({ shape, data }: Stored): Tensor {
  return tensor(Float64Array.from(data), { shape });
}

type Run = (inputs: readonly Tensor[], options: object, target: Case["target"]) => Tensor;
const functions: Readonly<Record<string, Run>> = {
  conv2d: ([x, weight, bias], options) => conv2d(x!, weight!, { ...options, bias }),
  maxPool2d: ([x], options) => maxPool2d(x!, options as Parameters<typeof maxPool2d>[1]),
  avgPool2d: ([x], options) => avgPool2d(x!, options as Parameters<typeof avgPool2d>[1]),
  crossEntropy: ([logits], options, target) =>
    crossEntropy(logits!, "shape" in target! ? load(target) : (target as number[]), options),
  gelu: ([x]) => gelu(x!),
  linear: ([x, weight, bias]) => linear(x!, weight!, bias),
};

describe("values and gradients are PyTorch's", () => {
  for (const c of golden.cases) {
    it(`${c.name} ${JSON.stringify(c.options)} ${c.target && "shape" in c.target ? "soft" : ""}`, () => {
      const run = functions[c.name]!;
      const { value, pullback } = vjp(
        (...xs: Tensor[]) => run(xs, c.options, c.target),
        ...c.inputs.map(load),
      );
      expectClose(c.name, value, c.output, tolerances.golden);
      pullback(load(c.gradOutput)).forEach((g, i) => {
        expectClose(`gradient ${i} of ${c.name}`, g, c.gradients[i]!, tolerances.golden);
      });
    });
  }
});
