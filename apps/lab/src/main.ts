import { EvenkeelError, fail, OptionError } from "@evenkeel/autodiff";
import { Command, Option } from "commander";
import { check } from "./check.ts";
import { type CompareOptions, compare } from "./compare/compare.ts";
import { golden } from "./golden.ts";
import { names, parseNorms } from "./names.ts";

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
  .option("--norms <list>", `all, or some of ${names.join(",")}`, parseNorms, names)
  .option("--batch-size <list>", "batch sizes", wholeNumbers("--batch-size"), [2, 32])
  .option("--steps <n>", "steps at the largest batch size", wholeNumber("--steps"), 300)
  .option("--seeds <n>", "runs of each, from different weights", wholeNumber("--seeds"), 3)
  .option("--threads <n>", "worker threads (default: the cores)", wholeNumber("--threads"))
  .option("--lr <x>", "learning rate at batch size 32", positive("--lr"), 0.003)
  .option("--images <n>", "train on so many images only", wholeNumber("--images"))
  .option("--json <file>", "write the results as JSON")
  .option("--report <dir>", "where the HTML report goes", "report")
  .action(async (options: CompareOptions) => {
    await compare(options);
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

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof EvenkeelError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
