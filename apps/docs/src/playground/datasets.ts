import type { Dataset } from "@evenkeel/lab/dataset";
import { glyphs } from "@evenkeel/lab/glyphs";
import { points } from "./points.ts";
import type { DataName } from "./settings.ts";

const makers: Readonly<Record<DataName, () => Dataset>> = {
  glyphs: () => glyphs(),
  moons: () => points("moons"),
  spirals: () => points("spirals"),
};
const made = new Map<DataName, Dataset>();

/** A data set by its name; it is drawn once, because nobody changes it. */
export function datasetOf(name: DataName): Dataset {
  const data = made.get(name) ?? makers[name]();
  made.set(name, data);
  return data;
}
