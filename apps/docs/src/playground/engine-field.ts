import { h } from "./dom.ts";
import { type Field, select } from "./fields.ts";
import type { EngineName } from "./settings.ts";

const labels: Readonly<Record<EngineName, string>> = {
  auto: "Automatic",
  wasm: "WebAssembly",
  webgpu: "WebGPU",
  webgl2: "WebGL2",
};

/** Why a GPU cannot be chosen; undefined where it can. */
export type Missing = Readonly<Record<"webgpu" | "webgl2", string | undefined>>;

/** What it runs on. */
export interface EngineField extends Field<EngineName> {
  /** Takes away what is missing, and says why. */
  refuse(missing: Missing): void;
}

export function engineField(changed: (value: EngineName) => void): EngineField {
  const { element, show, offer } = select("Runs on", labels, changed);
  const reasons = h("p", { class: "ekp-reasons", id: "ekp-missing", hidden: true });
  element.querySelector("select")?.setAttribute("aria-describedby", reasons.id);
  return {
    element: h("div", { class: "ekp-engine" }, element, reasons),
    show,
    refuse(missing) {
      const found = (["webgpu", "webgl2"] as const).filter((name) => !missing[name]);
      offer(["auto", "wasm", ...found]);
      const words = Object.entries(missing).flatMap(([name, why]) =>
        why ? [`No ${labels[name as EngineName]}: ${why}.`] : [],
      );
      reasons.textContent = words.join(" ");
      reasons.hidden = words.length === 0;
    },
  };
}

/** What of the GPU is missing in this browser. Nothing is opened, and gpu.js is not loaded. */
export async function findMissing(): Promise<Missing> {
  const { isAvailable } = await import("@evenkeel/gpu");
  const why = async (mode: keyof Missing): Promise<string | undefined> => {
    const found = await isAvailable({ mode });
    return found.available ? undefined : found.reason.replace(`${mode}: `, "");
  };
  const [webgpu, webgl2] = await Promise.all([why("webgpu"), why("webgl2")]);
  return { webgpu, webgl2 };
}
