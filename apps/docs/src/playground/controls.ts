import type { Choice } from "./catalogue.ts";
import { h } from "./dom.ts";
import { engineField, type Missing } from "./engine-field.ts";
import { numbers, seedField, select } from "./fields.ts";
import { createPicker } from "./picker.ts";
import { networksFor, type Settings } from "./settings.ts";

/** The form of the settings. */
export interface Controls {
  readonly element: HTMLElement;
  /** A place for a picture of the data. */
  readonly picture: HTMLElement;
  /** Shows settings that come from elsewhere. */
  show(settings: Settings): void;
  offer(choices: readonly Choice[]): void;
  /** Says which GPUs there are not. */
  refuse(missing: Missing): void;
}

const dataLabels = { glyphs: "Digits, 16×16", moons: "Two moons", spirals: "Three spirals" };
const networkLabels = { conv: "Three convolutions", mlp: "Three linear layers" };
const optimizerLabels = { adam: "Adam", sgd: "SGD, momentum 0.9" };
const batches = [1, 2, 4, 8, 16, 32, 64, 128];
const rates = [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1, 3];
const stepCounts = [100, 200, 300, 400, 600, 1000, 2000, 5000];

/** @param changed - Hears the settings as they are after each change by hand. */
export function createControls(
  settings: Settings,
  changed: (settings: Settings) => void,
): Controls {
  let current = settings;
  const fields = createFields((changes) => {
    const next = { ...current, ...changes };
    const fits = networksFor(next.data).includes(next.network);
    current = fits ? next : { ...next, network: "mlp" };
    fields.show(current);
    changed(current);
  });
  const picture = h("div", { class: "ekp-picture" });
  fields.show(current);
  return {
    element: h(
      "div",
      { class: "ekp-settings" },
      fields.picker.element,
      h("div", { class: "ekp-fields" }, fields.data, picture, ...fields.others),
    ),
    picture,
    show(next) {
      current = next;
      fields.show(next);
    },
    offer: (choices) => fields.picker.offer(choices),
    refuse: (missing) => fields.engine.refuse(missing),
  };
}

interface Fields {
  readonly picker: ReturnType<typeof createPicker>;
  readonly engine: ReturnType<typeof engineField>;
  readonly data: HTMLElement;
  readonly others: readonly HTMLElement[];
  show(settings: Settings): void;
}

function createFields(set: (changes: Partial<Settings>) => void): Fields {
  const picker = createPicker((norms) => set({ norms }));
  const data = select("Data", dataLabels, (value) => set({ data: value }));
  const network = select("Network", networkLabels, (value) => set({ network: value }));
  const batch = numbers("Batch size", batches, (value) => set({ batch: value }));
  const lr = numbers("Learning rate", rates, (value) => set({ lr: value }));
  const optimizer = select("Optimizer", optimizerLabels, (value) => set({ optimizer: value }));
  const steps = numbers("Steps", stepCounts, (value) => set({ steps: value }));
  const seed = seedField((value) => set({ seed: value }));
  const engine = engineField((value) => set({ on: value }));
  return {
    picker,
    engine,
    data: data.element,
    others: [network, batch, lr, optimizer, steps, seed, engine].map(({ element }) => element),
    show(settings) {
      picker.show(settings.norms);
      data.show(settings.data);
      network.show(settings.network);
      network.offer(networksFor(settings.data));
      batch.show(settings.batch);
      lr.show(settings.lr);
      optimizer.show(settings.optimizer);
      steps.show(settings.steps);
      seed.show(settings.seed);
      engine.show(settings.on);
    },
  };
}
