import { defaults, networksFor, rules, type Settings } from "./settings.ts";

/** What is looked at; it changes no number. */
export interface View {
  /** Which norm layer's statistics are shown, from 1. */
  readonly layer: number;
  readonly scale: "linear" | "log";
}
export const defaultView: View = { layer: 1, scale: "linear" };

/** What a hash says, with a note for everything in it that could not be taken. */
export interface UrlState {
  readonly settings: Settings;
  readonly view: View;
  readonly notes: readonly string[];
}

/**
 * `#data=glyphs&network=conv&norms=batchNorm,groupNorm&batch=16&…`; what it runs on and the view only where they
 * are not the usual ones.
 */
export function formatHash(settings: Settings, view: View = defaultView): string {
  const { norms, on, ...rest } = settings;
  const { data, network, ...numbers } = rest;
  const parts = Object.entries({ data, network, norms: norms.join(","), ...numbers });
  if (on !== defaults.on) parts.push(["on", on]);
  if (view.layer !== defaultView.layer) parts.push(["layer", view.layer]);
  if (view.scale !== defaultView.scale) parts.push(["scale", view.scale]);
  return `#${parts.map(([key, value]) => `${key}=${value}`).join("&")}`;
}

/** Whether a hash is of the playground, and not the name of a heading. */
export function isState(hash: string): boolean {
  return hash.includes("=");
}

/** The state in a hash. What is missing or illegal is taken from the defaults; links grow old. */
export function parseHash(hash: string): UrlState {
  const given = new URLSearchParams(isState(hash) ? hash.replace(/^#/, "") : "");
  const notes: string[] = [];
  const settings = { ...defaults };
  const texts: Record<keyof Settings, (text: string) => unknown> = {
    data: String,
    network: String,
    norms: (text) => text.split(",").filter(Boolean),
    batch: Number,
    lr: Number,
    optimizer: String,
    seed: Number,
    steps: Number,
    on: String,
  };
  for (const name of Object.keys(rules) as (keyof Settings)[]) {
    const text = given.get(name);
    if (text === null) continue;
    if (!take(settings, name, texts[name](text))) {
      notes.push(`${name}=${text} was left out: expected ${rules[name].expected}.`);
    }
  }
  if (!networksFor(settings.data).includes(settings.network)) {
    settings.network = "mlp";
    if (given.has("network")) notes.push(`network=conv was left out: ${settings.data} are points.`);
  }
  return { settings, view: viewOf(given), notes };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Whether the value was legal. */
function take(settings: Mutable<Settings>, name: keyof Settings, value: unknown): boolean {
  const { legal } = rules[name] as { legal: (value: unknown) => boolean };
  if (!legal(value)) return false;
  Object.assign(settings, { [name]: value });
  return true;
}

function viewOf(given: URLSearchParams): View {
  const layer = Number(given.get("layer") ?? 1);
  return {
    layer: Number.isInteger(layer) && layer >= 1 && layer <= 9 ? layer : 1,
    scale: given.get("scale") === "log" ? "log" : "linear",
  };
}
