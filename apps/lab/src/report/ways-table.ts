import Table from "cli-table3";
import type { CompareResult } from "./results.ts";
import { formatAccuracy, mean, sampleDeviation } from "./summary.ts";

/** For a terminal: accuracy on the domain held out, of each norm and way to evaluate its networks. */
export function printWays({ runs, norms, batchSizes }: CompareResult, heldOut: string): string {
  const table = new Table({
    head: ["norm", "evaluated", ...batchSizes.map((size) => `batch size ${size}`)],
    colAligns: ["left", "left", ...batchSizes.map((): "right" => "right")],
    style: { head: [], border: [], compact: true },
  });
  for (const norm of norms) {
    const own = runs.filter((run) => run.norm === norm);
    const names = new Set(own.flatMap(({ ways = [] }) => ways.map(({ name }) => name)));
    for (const name of names) {
      const cells = batchSizes.map((size) => {
        const found = own
          .filter(({ batchSize }) => batchSize === size)
          .flatMap(({ ways = [] }) => ways.filter((way) => way.name === name));
        const accuracies = found.map(({ accuracy }) => accuracy);
        const accuracy = mean(accuracies);
        return formatAccuracy({ accuracy, deviation: sampleDeviation(accuracies, accuracy) });
      });
      table.push([norm, name, ...cells]);
    }
  }
  return `Accuracy on ${heldOut}, which no network was trained on:\n${table.toString()}`;
}
