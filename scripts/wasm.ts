import { readFileSync } from "node:fs";
import { join } from "node:path";
import { main } from "assemblyscript/asc";
import type { Page } from "./pages.ts";
import { root } from "./workspace.ts";

const options = [
  "assembly/index.ts",
  ["--runtime", "stub"],
  "--noAssert",
  "--importMemory",
  ["--initialMemory", "1"],
  ["--maximumMemory", "65535"],
  ["--enable", "simd"],
  "-O3",
  ["--outFile", "kernels.wasm"],
].flat();

/** What the two builds enable beyond that; see `madd` in assembly/simd.as. */
const builds = { plain: [], relaxed: ["--enable", "relaxed-simd"] } as const;

/** The wasm package's kernels, compiled: the same bytes from the same sources. */
export async function compileKernels(
  build: keyof typeof builds,
  base: string = root,
): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const folder = join(base, "packages/wasm");
  const { error, stderr } = await main([...options, ...builds[build]], {
    readFile: (name, from) =>
      readIfThere(join(base, from ?? "", name)) ?? readIfThere(join(folder, name)),
    writeFile: (_, contents) => {
      if (typeof contents !== "string") binary = contents;
    },
    listFiles: () => null,
  });
  if (error || !binary) throw new Error(`assembly/ does not compile.\n${stderr.toString()}`);
  return binary;
}

/** The source file that holds the binaries, so that nothing has to be fetched or compiled to use them. */
export async function kernelsPage(): Promise<Page> {
  const text = async (build: keyof typeof builds): Promise<string> =>
    Buffer.from(await compileKernels(build)).toString("base64");
  const [plain, relaxed] = [await text("plain"), await text("relaxed")];
  return {
    path: "packages/wasm/src/binary.ts",
    text: () =>
      `// Generated from assembly/ by \`npm run generate\`.\n\n` +
      `/** The kernels, in base64. */\nexport const plain: string =\n  "${plain}";\n\n` +
      `/** The same with multiply-adds in relaxed SIMD. */\n` +
      `export const relaxed: string =\n  "${relaxed}";\n`,
  };
}

/** Ours end in .as: they look like TypeScript, but its parsers stop at their decorators. */
function readIfThere(path: string): string | null {
  try {
    return readFileSync(path.replace(/\.ts$/, ".as"), "utf8");
  } catch {
    return null;
  }
}
