import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join, normalize } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** These make a page cross-origin isolated: threads share memory only then. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export interface Served {
  readonly origin: string;
  close(): Promise<void>;
}

/** Serves a folder of plain files, as any static host would, on a free port. */
export async function serve(
  folder: string,
  { isolated }: { readonly isolated: boolean },
): Promise<Served> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const path = fileOf(folder, decodeURIComponent(pathname));
    const missing = join(folder, "404.html");
    response.writeHead(path ? 200 : 404, {
      "Content-Type": types[extname(path ?? missing)] ?? "application/octet-stream",
      ...(isolated ? isolation : {}),
    });
    createReadStream(path ?? missing).pipe(response);
  });
  const port = await listen(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** The file behind an address; of a folder its index. */
export function fileOf(folder: string, pathname: string): string | undefined {
  const path = join(folder, normalize(pathname));
  if (!path.startsWith(folder) || !existsSync(path)) return undefined;
  if (statSync(path).isFile()) return path;
  const index = join(path, "index.html");
  return existsSync(index) ? index : undefined;
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}
