import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright";
import { expect, inject } from "vitest";

let started: Promise<Browser> | undefined;

/** The browser that all tests share. */
function browser(): Promise<Browser> {
  started ??= chromium.connect(inject("browser"));
  return started;
}

interface VisitOptions extends BrowserContextOptions {
  /** With the headers that make the page cross-origin isolated. Default true. */
  readonly isolated?: boolean;
}

/**
 * Opens a page in a context of its own, does something there, and closes it. The page must not complain on
 * its console, throw, miss a file, or ask anything of another site.
 */
export async function visit<T>(
  path: string,
  act: (page: Page) => Promise<T>,
  { isolated = true, ...options }: VisitOptions = {},
): Promise<T> {
  const origins = inject("origins");
  const origin = isolated ? origins.isolated : origins.plain;
  const context = await (await browser()).newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`);
  });
  context.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !/^(data|blob):/.test(url)) complaints.push(`asks ${url}`);
  });
  try {
    await page.goto(origin + path, { waitUntil: "load" });
    const result = await act(page);
    expect(complaints).toEqual([]);
    return result;
  } finally {
    await context.close();
  }
}

/** Reads until it is so, and returns what was read; concurrent tests cannot use `expect.poll`. */
export async function until<T>(
  read: () => Promise<T>,
  isSo: (value: T) => boolean,
  { seconds = 60 }: { readonly seconds?: number } = {},
): Promise<T> {
  const end = Date.now() + 1000 * seconds;
  for (;;) {
    const value = await read();
    if (isSo(value)) return value;
    if (Date.now() > end)
      throw new Error(`After ${seconds} s it still was ${JSON.stringify(value)}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
