import type { Opened } from "./backend.ts";
import { h } from "./dom.ts";
import type { History } from "./history.ts";
import { type Preset, presets } from "./presets.ts";
import { formatHash } from "./url-state.ts";

/**
 * Links to settings that show something, and a copy of one to those that are set.
 *
 * @param taken - Is to start them.
 * @param share - Makes the address say what is set.
 */
export function createPresets(taken: (preset: Preset) => void, share: () => void): HTMLElement {
  const links = presets.map((preset) => {
    const link = h("a", { href: formatHash(preset.settings) }, preset.title);
    link.addEventListener("click", (event) => {
      // A new tab is the browser's.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      taken(preset);
    });
    return h("li", {}, link);
  });
  const list = h("nav", { "aria-label": "Experiments" }, h("ul", {}, ...links));
  return h("div", { class: "ekp-head" }, list, shareButton(share));
}

function shareButton(share: () => void): HTMLElement {
  const words = h("span", { "aria-live": "polite" }, "Copy link");
  const button = h("button", { type: "button" }, words);
  button.addEventListener("click", async () => {
    share();
    try {
      await navigator.clipboard.writeText(location.href);
      words.textContent = "Copied";
    } catch {
      // Some browsers only let secure pages write; the address is there to be copied.
      words.textContent = "See address";
    }
    window.setTimeout(() => words.replaceChildren("Copy link"), 3000);
  });
  return button;
}

/** Where training is, and what it runs on. */
export interface StatusLine {
  readonly element: HTMLElement;
  show(history: History, words: string, opened: Opened | undefined): void;
}

export function createStatusLine(): StatusLine {
  const bar = h("progress", { max: 1, value: 0, "aria-label": "Progress" });
  const line = h("p", {});
  const engine = h("p", { class: "ekp-runs-on" });
  return {
    element: h("div", { class: "ekp-status" }, bar, line, engine),
    show({ step, rate, settings }, words, opened) {
      bar.value = step / settings.steps;
      const pace = Number.isNaN(rate)
        ? []
        : [`${rate < 10 ? rate.toFixed(1) : Math.round(rate)} steps/s`];
      const place = step > 0 ? [`step ${step} of ${settings.steps}`] : [];
      line.textContent = [words, ...place, ...pace].join(" · ");
      engine.textContent = opened ? engineWords(opened) : "";
      engine.hidden = !opened;
    },
  };
}

/** "On WebAssembly, 3 threads: there is no GPU (…)." */
function engineWords({ name, threads, reason }: Opened): string {
  const many = threads === undefined ? "" : threads === 1 ? ", 1 thread" : `, ${threads} threads`;
  return `On ${name}${many}${reason ? `: ${reason}` : ""}.`;
}

/** A message, and what to do about it. */
export interface Note {
  readonly text: string;
  readonly hint?: string | undefined;
  readonly bad: boolean;
}

/** Messages; they are put anew, and so read out, only where they have changed. */
export function createNotes(): {
  readonly element: HTMLElement;
  show(notes: readonly Note[]): void;
} {
  const element = h("div", { class: "ekp-notes", role: "status" });
  let shown = "[]";
  return {
    element,
    show(notes) {
      const now = JSON.stringify(notes);
      if (now === shown) return;
      shown = now;
      element.replaceChildren(
        ...notes.map(({ text, hint, bad }) =>
          h(
            "p",
            { class: bad ? "ekp-bad" : "" },
            text,
            ...(hint ? [" ", h("strong", {}, hint)] : []),
          ),
        ),
      );
    },
  };
}

/** What ended norms before their time. */
export function troubleNotes({ norms }: History, labelOf: (id: string) => string): Note[] {
  return norms.flatMap(({ norm, status, trouble, losses }) => {
    if (!trouble) return [];
    const what = status === "diverged" ? `diverged at step ${losses.length + 1}` : "stopped";
    const text = `${labelOf(norm)} ${what}. ${trouble.message}`;
    return [{ text, hint: trouble.hint, bad: true }];
  });
}
