import { EvenkeelError, fail, OptionError } from "@evenkeel/autodiff";
import { Command, Option } from "commander";
import { check } from "./check.ts";
import { type CompareOptions, compare } from "./compare/compare.ts";
import { golden } from "./golden.ts";
import { type IncrementalOptions, incremental } from "./incremental/incremental.ts";
import { holdoutNorms, names, parseNorms } from "./names.ts";
import { pilot } from "./pilot/pilot.ts";

function wholeNumber(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= 1) return value;
    return fail(
      { where: name, expected: "a whole number >= 1", got: JSON.stringify(text) },
      OptionError,
    );
  };
}

function wholeNumbers(name: string): (text: string) => number[] {
  return (text) => text.split(",").map(wholeNumber(name));
}

function positive(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (value > 0 && Number.isFinite(value)) return value;
    return fail({ where: name, expected: "a number > 0", got: JSON.stringify(text) }, OptionError);
  };
}

const program = new Command("lab").description("Try Evenkeel's norms.").showHelpAfterError();

program
  .command("compare")
  .description("Train the same network with each norm and batch size; table and HTML report.")
  .option("--data <spec>", "glyphs | cifar10:DIR | cifar100:FILE | mnist:DIR", "glyphs")
  .addOption(new Option("--label <byte>", "cifar100: the label").choices(["fine", "coarse"]))
  .addOption(new Option("--domain <byte>", "cifar100: the domain").choices(["fine", "coarse"]))
  .option("--holdout-domain <name>", "train on the other domains, test on this one (name or id)")
  .option(
    "--norms <list>",
    `all, or some of ${names.join(",")} (default: all; with a domain held out ${holdoutNorms.join(",")})`,
    parseNorms,
  )
  .option(
    "--batch-size <list>",
    "batch sizes (default: 2,32; with a domain held out 32)",
    wholeNumbers("--batch-size"),
  )
  .option("--steps <n>", "steps at the largest batch size", wholeNumber("--steps"), 300)
  .option("--seeds <n>", "runs of each, from different weights", wholeNumber("--seeds"), 3)
  .option("--threads <n>", "worker threads (default: the cores)", wholeNumber("--threads"))
  .option("--lr <x>", "learning rate at batch size 32", positive("--lr"), 0.003)
  .option("--images <n>", "train on so many images only", wholeNumber("--images"))
  .option("--json <file>", "write the results as JSON")
  .option("--report <dir>", "where the HTML report goes", "report")
  .action(
    async (options: Omit<CompareOptions, "norms" | "batchSize"> & Partial<CompareOptions>) => {
      const heldOut = options.holdoutDomain !== undefined;
      await compare({
        ...options,
        norms: options.norms ?? (heldOut ? holdoutNorms : names),
        batchSize: options.batchSize ?? (heldOut ? [32] : [2, 32]),
      });
    },
  );

program
  .command("incremental")
  .description("Learn digits two at a time with the norms for class-incremental learning; table.")
  .option(
    "--seeds <n>",
    "runs of each, from different images and weights",
    wholeNumber("--seeds"),
    3,
  )
  .option("--images <n>", "training images of all tasks", wholeNumber("--images"), 4000)
  .option("--epochs <n>", "epochs of each task", wholeNumber("--epochs"), 3)
  .option("--current <n>", "new images in a batch", wholeNumber("--current"), 24)
  .option("--remembered <n>", "images of memory in a batch", wholeNumber("--remembered"), 8)
  .option("--kept <n>", "images kept in memory per digit", wholeNumber("--kept"), 20)
  .option("--lr <x>", "learning rate", positive("--lr"), 0.01)
  .option("--threads <n>", "worker threads (default: the cores)", wholeNumber("--threads"))
  .option("--json <file>", "write the results as JSON")
  .action(async (options: IncrementalOptions) => {
    await incremental(options);
  });

program
  .command("check")
  .description("Compare a norm's gradients of orders 1 to 3 with finite differences.")
  .argument("<norm>")
  .action((name: string) => {
    if (!check(name)) process.exitCode = 1;
  });

program
  .command("golden")
  .description("Compare golden files with our norms in float64.")
  .argument("<files...>")
  .option("--json <file>", "write the results as JSON")
  .action((files: string[], options: { json?: string }) => {
    if (!golden(files, options)) process.exitCode = 1;
  });

program
  .command("pilot")
  .description(
    "Train a small perceptron with two images at a time, with each method for small batches.",
  )
  .option("--batch-size <n>", "images in a batch", wholeNumber("--batch-size"), 2)
  .option("--steps <n>", "training steps", wholeNumber("--steps"), 3000)
  .option("--lr <x>", "learning rate at the start", positive("--lr"), 0.01)
  .option("--seeds <n>", "runs of each, from different weights", wholeNumber("--seeds"), 2)
  .option("--json <file>", "write the results as JSON")
  .action((options: Parameters<typeof pilot>[0]) => pilot(options));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof EvenkeelError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
