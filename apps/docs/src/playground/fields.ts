import { h } from "./dom.ts";

/** One setting in the form. */
export interface Field<T> {
  readonly element: HTMLElement;
  show(value: T): void;
}

/** A list of names. */
export function select<T extends string>(
  label: string,
  labels: Readonly<Record<T, string>>,
  changed: (value: T) => void,
): Field<T> & { offer(values: readonly T[]): void } {
  const list = h("select");
  const names = Object.keys(labels) as T[];
  for (const name of names) list.append(h("option", { value: name }, labels[name]));
  list.addEventListener("change", () => changed(list.value as T));
  return {
    element: h("label", { class: "ekp-field" }, h("span", {}, label), list),
    show(value) {
      list.value = value;
    },
    offer(values) {
      for (const option of list.options) option.disabled = !values.includes(option.value as T);
    },
  };
}

/** Usual numbers to choose from, and among them one that came with a link. */
export function numbers(
  label: string,
  usual: readonly number[],
  changed: (value: number) => void,
): Field<number> {
  const list = h("select");
  list.addEventListener("change", () => changed(Number(list.value)));
  return {
    element: h("label", { class: "ekp-field" }, h("span", {}, label), list),
    show(value) {
      const values = [...new Set([...usual, value])].sort((a, b) => a - b);
      list.replaceChildren(...values.map((n) => h("option", { value: n }, String(n))));
      list.value = String(value);
    },
  };
}

/** Any whole number. */
export function seedField(changed: (value: number) => void): Field<number> {
  const input = h("input", { type: "number", min: 0, max: 2 ** 31 - 1, step: 1, required: true });
  input.addEventListener("change", () => {
    if (input.checkValidity()) changed(input.valueAsNumber);
    else input.reportValidity();
  });
  return {
    element: h("label", { class: "ekp-field" }, h("span", {}, "Seed"), input),
    show(value) {
      input.value = String(value);
    },
  };
}
