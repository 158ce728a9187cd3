import { describe, expect, test } from "vitest";
import { defaults, type Settings } from "./settings.ts";
import { defaultView, formatHash, isState, parseHash } from "./url-state.ts";

const settings: Settings = {
  data: "spirals",
  network: "mlp",
  norms: ["batchNorm", "none"],
  batch: 2,
  lr: 3e-4,
  optimizer: "sgd",
  seed: 42,
  steps: 1000,
  on: "auto",
};

describe("the hash of a state", () => {
  test("can be read", () => {
    expect(formatHash(settings)).toBe(
      "#data=spirals&network=mlp&norms=batchNorm,none&batch=2&lr=0.0003&optimizer=sgd&seed=42&steps=1000",
    );
  });

  test("gives the state back", () => {
    const view = { layer: 2, scale: "log" } as const;
    expect(parseHash(formatHash(settings, view))).toEqual({ settings, view, notes: [] });
    expect(parseHash(formatHash(settings)).view).toEqual(defaultView);
  });

  test("names what it runs on where that was chosen", () => {
    const chosen: Settings = { ...settings, on: "webgl2" };
    expect(formatHash(chosen)).toMatch(/&on=webgl2$/);
    expect(parseHash(formatHash(chosen)).settings).toEqual(chosen);
    expect(parseHash("#on=tpu").notes).toEqual([
      "on=tpu was left out: expected auto or wasm or webgpu or webgl2.",
    ]);
  });

  test("that names a heading is none", () => {
    expect(isState("#what-to-look-for")).toBe(false);
    expect(parseHash("#what-to-look-for")).toEqual({
      settings: defaults,
      view: defaultView,
      notes: [],
    });
    expect(parseHash("").settings).toEqual(defaults);
  });

  test("may leave settings out", () => {
    expect(parseHash("#batch=2").settings).toEqual({ ...defaults, batch: 2 });
    expect(parseHash("#data=moons").settings.network).toBe("mlp");
  });

  test("may be escaped by what sent it on", () => {
    expect(parseHash("#norms=batchNorm%2CgroupNorm").settings.norms).toEqual([
      "batchNorm",
      "groupNorm",
    ]);
  });

  test("that is wrong in places is taken where it is right, with notes", () => {
    const { settings: taken, notes } = parseHash(
      "#batch=1e9&lr=fast&optimizer=sgd&norms=&layer=-1",
    );
    expect(taken).toEqual({ ...defaults, optimizer: "sgd" });
    expect(notes).toEqual([
      "norms= was left out: expected one to 4 norms, all different.",
      "batch=1e9 was left out: expected a whole number from 1 to 128.",
      "lr=fast was left out: expected a number above 0 and up to 100.",
    ]);
  });

  test("with a network that does not take the data says so", () => {
    const { settings: taken, notes } = parseHash("#data=moons&network=conv");
    expect(taken.network).toBe("mlp");
    expect(notes).toEqual(["network=conv was left out: moons are points."]);
  });
});
