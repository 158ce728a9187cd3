import { defaults, type Settings } from "./settings.ts";

/** Settings that show something, with the question they ask. */
export interface Preset {
  readonly title: string;
  readonly settings: Settings;
}

export const presets: readonly Preset[] = [
  {
    title: "Batch size 2: who survives?",
    settings: {
      ...defaults,
      data: "spirals",
      network: "mlp",
      norms: ["batchNorm", "batchRenorm", "layerNorm", "none"],
      batch: 2,
      steps: 1000,
    },
  },
  {
    title: "One wrong learning rate",
    settings: {
      ...defaults,
      norms: ["batchNorm", "groupNorm", "instanceNorm", "none"],
      batch: 32,
      lr: 0.3,
      optimizer: "sgd",
      steps: 300,
    },
  },
  {
    title: "No norm at all",
    settings: {
      ...defaults,
      norms: ["none", "batchNorm", "instanceNorm"],
      batch: 32,
      steps: 200,
    },
  },
  {
    title: "One sample per batch",
    settings: {
      ...defaults,
      data: "spirals",
      network: "mlp",
      norms: ["batchNorm", "layerNorm", "rmsNorm"],
      batch: 1,
      steps: 1000,
    },
  },
  {
    title: "Four kinds of image at once",
    settings: {
      ...defaults,
      norms: ["batchNorm", "domainSpecificBatchNorm", "continualNorm", "instanceNorm"],
      batch: 32,
      steps: 300,
    },
  },
];
