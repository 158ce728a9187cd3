import { Presets, SingleBar } from "cli-progress";

export interface Progress {
  step(caseName: string, engine: string): void;
  stop(): void;
}

/**
 * A bar on a terminal, of the cases begun; elsewhere one line a case. How many turns a case takes is
 * known only once its engines have run.
 */
export function startProgress(cases: number, stream: NodeJS.WriteStream): Progress {
  const begun = new Set<string>();
  const isNew = (caseName: string): boolean => begun.size < begun.add(caseName).size;
  if (!stream.isTTY) {
    return {
      step(caseName) {
        if (isNew(caseName)) stream.write(`timing ${caseName}\n`);
      },
      stop: () => {},
    };
  }
  const format = "{bar} {value} of {total} cases | {caseName} | {engine}";
  const bar = new SingleBar({ format, stream, clearOnComplete: true }, Presets.shades_classic);
  bar.start(cases, 0, { caseName: "preparing", engine: "" });
  return {
    step: (caseName, engine) => bar.increment(isNew(caseName) ? 1 : 0, { caseName, engine }),
    stop: () => bar.stop(),
  };
}
