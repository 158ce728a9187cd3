import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { runAsScript } from "./workspace.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Under these names systems install it. */
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** As root there is no sandbox; WebGPU runs on the processor; nothing else is to be fetched. */
const args = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-unsafe-swiftshader",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How Playwright starts the browser; without a path where there is none. */
export function launchOptions(environment: Environment = process.env): {
  readonly executablePath?: string;
  readonly args: string[];
} {
  const executablePath = findChromium(environment);
  return executablePath === undefined ? { args } : { executablePath, args };
}

/** The program that CHROMIUM names, or else the first on the PATH. */
export function findChromium({ CHROMIUM, PATH = "" }: Environment): string | undefined {
  if (CHROMIUM) return isProgram(CHROMIUM) ? CHROMIUM : undefined;
  const folders = PATH.split(delimiter).filter(Boolean);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** @throws Error that says what to install, where there is none. */
export function requireChromium(environment: Environment = process.env): string {
  const path = findChromium(environment);
  if (path !== undefined) return path;
  const { CHROMIUM } = environment;
  const got = CHROMIUM ? `CHROMIUM=${CHROMIUM}, not a program` : `no ${names.join(", ")} on PATH`;
  throw new Error(
    `test:browser: expected Chromium, got ${got}. ` +
      "Install it (Debian: apt-get install chromium), or name its program in CHROMIUM.",
  );
}

await runAsScript(import.meta.filename, () => console.log(requireChromium()));
