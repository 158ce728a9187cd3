import type { BenchCase, LayerCase } from "../case.ts";
import type { Engine } from "../suite.ts";
import { tfjsLayer } from "./tfjs-layers.ts";
import type { Tfjs } from "./tfjs-load.ts";
import { customGradNorm, libraryNorm, type TfjsLayer } from "./tfjs-norms.ts";
import { prepareLayer } from "./tfjs-prepare.ts";
import { readingByWaiting } from "./tfjs-reading.ts";
import { prepareTraining } from "./tfjs-train.ts";

type MakeLayer = (tf: Tfjs, benchCase: LayerCase) => TfjsLayer | null;

/** What tfjs has for it on WebGL: for norms `moments` and `batchNorm`, the ops of its layers. */
export function startTfjsWebGl(): Promise<Engine<BenchCase> | string> {
  return start("tfjs-webgl", (tf, one) => libraryNorm(tf, one) ?? tfjsLayer(tf, one), true);
}

/** The most that a user of tfjs can do for a norm: its gradient derived by hand. */
export function startTfjsWebGlCustom(): Promise<Engine<BenchCase> | string> {
  return start("tfjs-webgl-custom", customGradNorm, false);
}

const backend = "webgl";

async function start(
  name: string,
  makeLayer: MakeLayer,
  trains: boolean,
): Promise<Engine<BenchCase> | string> {
  const tf = await import("@tensorflow/tfjs-core");
  await import("@tensorflow/tfjs-core/dist/register_all_gradients.js");
  await import("@tensorflow/tfjs-backend-webgl");
  if (!(await tf.setBackend(backend))) return "tfjs finds no WebGL";
  const reading = readingByWaiting(tf);
  return {
    name,
    threads: 1,
    prepare(benchCase) {
      if (benchCase.type === "train") {
        return trains ? prepareTraining(tf, backend, benchCase, reading) : null;
      }
      const layer = makeLayer(tf, benchCase);
      return layer && prepareLayer(tf, backend, benchCase, layer, reading);
    },
  };
}
