import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A temporary folder holding `files`, removed when the test ends. */
export function folderWith(files: Readonly<Record<string, Uint8Array | string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

export function subfolder(folder: string, name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

/** The message that `run` throws, with `folder` written as DIR. */
export function refusal(folder: string | null, run: () => unknown): string {
  try {
    run();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return folder === null ? message : message.replaceAll(folder, "DIR");
  }
  throw new Error("nothing was thrown");
}
