import { type PageCase, pageCases } from "./cases.ts";
import { element } from "./element.ts";
import { type PageEngine, pageEngines } from "./engines.ts";

/** What is to be run. */
export interface Choice {
  readonly engines: readonly PageEngine[];
  readonly cases: readonly PageCase[];
  readonly runs: number;
  readonly budgetMs: number;
  readonly threads: number;
}

/** Lists the engines and cases; an engine that cannot run here says why. */
export async function fillForm(form: HTMLFormElement): Promise<void> {
  const missing = await Promise.all(pageEngines.map((engine) => engine.missing()));
  const engines = pageEngines.map(({ name, about }, i) => {
    const reason = missing[i];
    return choice("engine", name, reason ? `${about}: ${reason}` : about, !reason, !reason);
  });
  const cases = pageCases.map(({ name, heavy = false }) =>
    choice("case", name, heavy ? "long on a weak GPU" : "", true, !heavy),
  );
  form.querySelector("#engines")!.append(...engines);
  form.querySelector("#cases")!.append(...cases);
  numberInput(form, "threads").value = String(mostThreads());
}

export function readForm(form: HTMLFormElement): Choice {
  const data = new FormData(form);
  const chosen = new Set([...data.getAll("engine"), ...data.getAll("case")]);
  return {
    engines: pageEngines.filter(({ name }) => chosen.has(name)),
    cases: pageCases.filter(({ name }) => chosen.has(name)),
    runs: Math.round(numberInput(form, "runs").valueAsNumber),
    budgetMs: 1000 * numberInput(form, "budget").valueAsNumber,
    threads: Math.round(numberInput(form, "threads").valueAsNumber),
  };
}

/** More help little, and take time to start. */
function mostThreads(): number {
  return globalThis.crossOriginIsolated ? Math.min(8, navigator.hardwareConcurrency) : 1;
}

function numberInput(form: HTMLFormElement, name: string): HTMLInputElement {
  return form.querySelector<HTMLInputElement>(`input[name=${name}]`)!;
}

function choice(
  name: string,
  value: string,
  about: string,
  enabled: boolean,
  checked: boolean,
): HTMLElement {
  const input = element("input", { type: "checkbox", name, value, checked, disabled: !enabled });
  const text = element("span", {}, [value]);
  if (about) text.append(element("small", { className: "about" }, [about]));
  return element("label", { className: "choice" }, [input, text]);
}
