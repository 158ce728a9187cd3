import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findChromium, launchOptions, requireChromium } from "./chromium.ts";

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "chromium-"));
});
afterEach(() => rmSync(base, { recursive: true }));

function program(name: string, mode = 0o755): string {
  const path = join(base, name);
  writeFileSync(path, "");
  chmodSync(path, mode);
  return path;
}

test("the browser is the first program of a known name on the PATH", () => {
  const empty = join(base, "empty");
  mkdirSync(join(empty, "chromium"), { recursive: true });
  program("firefox");
  const chrome = program("google-chrome");
  expect(findChromium({ PATH: [empty, "", base].join(delimiter) })).toBe(chrome);
  const chromium = program("chromium");
  expect(findChromium({ PATH: [empty, base].join(delimiter) })).toBe(chromium);
  expect(launchOptions({ PATH: base }).executablePath).toBe(chromium);
});

test("CHROMIUM comes before the PATH", () => {
  program("chromium");
  const own = program("my-browser");
  expect(findChromium({ PATH: base, CHROMIUM: own })).toBe(own);
});

test("without a browser the message says what to install", () => {
  expect(launchOptions({ PATH: base })).not.toHaveProperty("executablePath");
  expect(() => requireChromium({ PATH: base })).toThrow(
    "test:browser: expected Chromium, got no chromium, chromium-browser, google-chrome, google-chrome-stable on PATH. Install it (Debian: apt-get install chromium), or name its program in CHROMIUM.",
  );
});

test("a CHROMIUM that cannot be run is refused, whatever the PATH has", () => {
  program("chromium");
  const CHROMIUM = program("broken", 0o644);
  expect(() => requireChromium({ PATH: base, CHROMIUM })).toThrow(
    `test:browser: expected Chromium, got CHROMIUM=${CHROMIUM}, not a program.`,
  );
});
