import { bars, histogram, outline, range } from "./histogram.ts";
import { offset } from "./layout.ts";
import {
  type Cell,
  cells,
  mapOf,
  momentsOf,
  type Sharing,
  setOf,
  setsOf,
  sharings,
} from "./norms.ts";

const dwell = 1700;
const setsPerNorm = 3;
const openingTime = 700;

/** The picture of the home page: which elements share statistics, and what becomes of them. */
class SharingPicture extends HTMLElement {
  readonly #cells: readonly Cell[] = cells();
  #sharing: Sharing = sharings[0]!;
  #set = 0;
  #steps = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #frame = 0;
  #places: (readonly [number, number])[] = this.#cells.map(() => [0, 0]);

  connectedCallback(): void {
    for (const input of this.querySelectorAll("input")) {
      input.addEventListener("change", () => {
        this.#play(false);
        this.#choose(input.value);
      });
    }
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#toggle.hidden = false;
    this.#toggle.addEventListener("click", () => this.#play(this.#timer === undefined));
    this.#choose(this.#sharing.id);
    this.#play(!still);
  }

  disconnectedCallback(): void {
    clearInterval(this.#timer);
    cancelAnimationFrame(this.#frame);
  }

  get #toggle(): HTMLButtonElement {
    return this.querySelector<HTMLButtonElement>("[data-toggle]")!;
  }

  #play(on: boolean): void {
    clearInterval(this.#timer);
    this.#timer = on ? setInterval(() => this.#advance(), dwell) : undefined;
    this.#toggle.textContent = on ? "Pause" : "Play";
  }

  #advance(): void {
    if (document.hidden) return;
    this.#steps += 1;
    const next = sharings[(sharings.indexOf(this.#sharing) + 1) % sharings.length]!;
    if (this.#steps % setsPerNorm === 0) this.#choose(next.id);
    else this.#light(this.#set + 1);
  }

  #choose(id: string): void {
    this.#sharing = sharings.find((one) => one.id === id) ?? sharings[0]!;
    const input = this.querySelector<HTMLInputElement>(`input[value="${id}"]`);
    if (input) input.checked = true;
    this.#open();
    // The last set is the one in front.
    this.#light(setsOf(this.#sharing) - 1);
  }

  /** Moves the sets apart. */
  #open(): void {
    cancelAnimationFrame(this.#frame);
    const groups = this.querySelectorAll<SVGGElement>("[data-cell]");
    const from = this.#places;
    const to = this.#cells.map((cell) => offset(this.#sharing, cell));
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const start = performance.now();
    const draw = (now: number): void => {
      const t = still ? 1 : Math.min(1, (now - start) / openingTime);
      const eased = 1 - (1 - t) ** 3;
      this.#places = to.map(([x, y], i) => {
        const [x0, y0] = from[i]!;
        return [x0 + (x - x0) * eased, y0 + (y - y0) * eased];
      });
      groups.forEach((group, i) => {
        const [x, y] = this.#places[i]!;
        group.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);
      });
      if (t < 1) this.#frame = requestAnimationFrame(draw);
    };
    draw(start);
  }

  /** Shows one set and what its own numbers are. */
  #light(set: number): void {
    const count = setsOf(this.#sharing);
    this.#set = set % count;
    const lit = this.#cells.map((cell) => setOf(this.#sharing, cell) === this.#set);
    this.querySelectorAll("[data-cell]").forEach((group, i) => {
      group.classList.toggle("lit", lit[i]);
    });
    const values = this.#cells.filter((_, i) => lit[i]).map(({ value }) => value);
    const moments = momentsOf(values);
    const { center, scale } = mapOf(moments);
    this.#say("count", String(moments.count));
    this.#say("mean", figure(moments.mean));
    this.#say("m2", figure(moments.m2));
    this.#say("scale", figure(scale));
    this.#say("center", figure(center));
    this.#say("says", `${this.#sharing.name} norm: ${this.#sharing.says}.`);
    this.#say("sets", `${count} sets of ${moments.count}`);
    this.querySelector("[data-link]")?.setAttribute("href", this.#sharing.page);
    this.#draw("before", values);
    this.#draw(
      "after",
      values.map((v) => (v - center) * scale),
    );
  }

  #say(name: string, text: string): void {
    const place = this.querySelector(`[data-say="${name}"]`);
    if (place && place.textContent !== text) place.textContent = text;
  }

  #draw(name: string, values: readonly number[]): void {
    const path = this.querySelector(`[data-histogram="${name}"]`);
    path?.setAttribute("d", outline(histogram(values, range, bars), 200, 40));
  }
}

function figure(value: number): string {
  return value.toFixed(2).replace("-", "−");
}

customElements.define("ek-sharing", SharingPicture);
