import type { Card } from "@evenkeel/norm-core";

export { type BinaryBlockOptions, type BinaryBlockParams, binaryBlock } from "./block.ts";
export { BinaryBlock, type BinaryBlockModuleOptions } from "./module.ts";

/** What tables say of `binaryBlock`. */
export const binaryBlockCard: Card = {
  id: "binaryBlock",
  name: "Binary residual block without batch norm",
  summary: "Sign, binary convolution and residual, with the variance kept by constants.",
  tex: String.raw`y = \mathrm{RPReLU}(\alpha\,\mathrm{conv}(\mathrm{RSign}(\beta x)) + x)`,
  paper: {
    title: '"BNN - BN = ?": Training Binary Neural Networks without Batch Normalization',
    authors: "Chen, Zhang, Ouyang, Liu, Shen, Wang",
    year: 2021,
    venue: "CVPR workshops",
    arxiv: "2104.08215",
    code: "VITA-Group/BNN_NoBN",
  },
  keys: {},
  notes: [
    "The paper's figure draws a division by beta; the code multiplies by a beta that is the reciprocal of the expected deviation already.",
  ],
};

/**
 * The factor beta of every block of a network in stages: 1 / √(the variance that its input is expected to have).
 *
 * A block adds alpha² to the variance. As in the authors' code the first block of a stage does not, and sets
 * what is expected back to 1.
 *
 * @param stages - The number of blocks in each stage.
 * @param alpha - Weight of the branches. Default 0.2.
 * @returns A list of betas for each stage.
 *
 * @example
 * const [first, second] = blockBetas([2, 3]); // [[1, 1], [0.98…, 1, 0.98…]]
 */
export function blockBetas(stages: readonly number[], alpha = 0.2): readonly (readonly number[])[] {
  let expected = 1;
  return stages.map((blocks) =>
    Array.from({ length: blocks }, (_, block) => {
      const beta = 1 / Math.sqrt(expected);
      expected = block === 0 ? 1 : expected + alpha ** 2;
      return beta;
    }),
  );
}
