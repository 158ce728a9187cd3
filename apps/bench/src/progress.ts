import { Presets, SingleBar } from "cli-progress";

export interface Progress {
  step(caseName: string, engine: string): void;
  stop(): void;
}

/** A bar on a terminal; elsewhere one line a case. */
export function startProgress(total: number, stream: NodeJS.WriteStream): Progress {
  if (!stream.isTTY) {
    let current = "";
    return {
      step(caseName) {
        if (caseName === current) return;
        current = caseName;
        stream.write(`timing ${caseName}\n`);
      },
      stop: () => {},
    };
  }
  const format = "{bar} {percentage}% | {caseName} | {engine}";
  const bar = new SingleBar({ format, stream, clearOnComplete: true }, Presets.shades_classic);
  bar.start(total, 0, { caseName: "preparing", engine: "" });
  return {
    step: (caseName, engine) => bar.increment(1, { caseName, engine }),
    stop: () => bar.stop(),
  };
}
