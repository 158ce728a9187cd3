import { EvenkeelError, fail, nearest, OptionError, show } from "@evenkeel/autodiff";

/** What is trained on. */
const dataNames = ["glyphs", "moons", "spirals"] as const;
export type DataName = (typeof dataNames)[number];

/** What is trained. */
const networkNames = ["conv", "mlp"] as const;
export type NetworkName = (typeof networkNames)[number];

const optimizerNames = ["adam", "sgd"] as const;
type OptimizerName = (typeof optimizerNames)[number];

/** What it runs on; "auto" is what is expected to be fastest. */
const engineNames = ["auto", "wasm", "webgpu", "webgl2"] as const;
export type EngineName = (typeof engineNames)[number];

/** What decides a run: equal settings give equal numbers on the same engine. */
export interface Settings {
  readonly data: DataName;
  readonly network: NetworkName;
  /** Ids of norms, "none" for the network without one; 1 to 4, all different. */
  readonly norms: readonly string[];
  /** Samples per step. */
  readonly batch: number;
  readonly lr: number;
  readonly optimizer: OptimizerName;
  readonly seed: number;
  /** Where training ends by itself. */
  readonly steps: number;
  readonly on: EngineName;
}

/** Curves are told apart by colour, dash and marker: there are four of each. */
export const MOST_NORMS = 4;
const MOST_SAMPLES = 128;
const MOST_STEPS = 5000;

export const defaults: Settings = {
  data: "glyphs",
  network: "conv",
  norms: ["batchNorm", "groupNorm", "none"],
  batch: 16,
  lr: 0.003,
  optimizer: "adam",
  seed: 1,
  steps: 400,
  on: "auto",
};

interface Rule<T> {
  readonly expected: string;
  readonly legal: (value: T) => boolean;
}
const whole = (low: number, high: number): Rule<number> => ({
  expected: `a whole number from ${low} to ${high}`,
  legal: (n) => Number.isInteger(n) && n >= low && n <= high,
});
const among = <T extends string>(names: readonly T[]): Rule<T> => ({
  expected: names.join(" or "),
  legal: (name) => names.includes(name),
});

/** What is legal for each setting by itself. */
export const rules: { readonly [K in keyof Settings]: Rule<Settings[K]> } = {
  data: among(dataNames),
  network: among(networkNames),
  norms: {
    expected: `one to ${MOST_NORMS} norms, all different`,
    legal: (ids) => ids.length > 0 && ids.length <= MOST_NORMS && new Set(ids).size === ids.length,
  },
  batch: whole(1, MOST_SAMPLES),
  lr: { expected: "a number above 0 and up to 100", legal: (n) => n > 0 && n <= 100 },
  optimizer: among(optimizerNames),
  seed: whole(0, 2 ** 31 - 1),
  steps: whole(1, MOST_STEPS),
  on: among(engineNames),
};

/** Points in a plane have no neighbors to convolve. */
export function networksFor(data: DataName): readonly NetworkName[] {
  return data === "glyphs" ? networkNames : ["mlp"];
}

/** @throws OptionError for settings that no session takes; it says which and why. */
export function checkSettings(settings: Settings): void {
  for (const name of Object.keys(rules) as (keyof Settings)[]) checkSetting(settings, name);
  const { data, network } = settings;
  if (networksFor(data).includes(network)) return;
  const hint = 'Choose network "mlp", or data "glyphs".';
  fail(
    { where: "playground", expected: `a network for ${data}`, got: show(network), hint },
    OptionError,
  );
}

function checkSetting<K extends keyof Settings>(settings: Settings, name: K): void {
  const { expected, legal } = rules[name];
  const value = settings[name];
  if (legal(value)) return;
  const near =
    typeof value === "string" && name in choices ? nearest(value, choices[name] ?? []) : undefined;
  fail(
    {
      where: "playground",
      expected: `${name} to be ${expected}`,
      got: show(value),
      ...(near && { hint: `Did you mean ${near}?` }),
    },
    OptionError,
  );
}

const choices: Readonly<Record<string, readonly string[]>> = {
  data: dataNames,
  network: networkNames,
  optimizer: optimizerNames,
  on: engineNames,
};

/** An error as the page shows it. */
export interface Trouble {
  readonly message: string;
  readonly hint: string | undefined;
}

/** Ours in its two parts; any other with its message. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof EvenkeelError) {
    const { where, expected, got, hint } = error.detail;
    return { message: `${where}: expected ${expected}, got ${got}.`, hint };
  }
  return { message: error instanceof Error ? error.message : String(error), hint: undefined };
}

/** Whether a GPU is gone; `@evenkeel/gpu` is not loaded only to ask. */
export function isLost(error: unknown): boolean {
  return error instanceof EvenkeelError && error.name === "DeviceLostError";
}
