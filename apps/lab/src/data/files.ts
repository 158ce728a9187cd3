import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { fail } from "@evenkeel/autodiff";

/**
 * The bytes of `path`, or of `path`.gz where only that exists; unpacked if they are gzip, whatever
 * the name says.
 */
export function readBytes(where: string, path: string): Uint8Array {
  const file = packedOrPlain(path);
  if (!file) {
    fail({
      where,
      expected: `a file ${path} (or ${path}.gz)`,
      got: "nothing there",
      hint: "Check the path.",
    });
  }
  const bytes = unpack(where, file, read(where, file));
  if (bytes.length > 0) return bytes;
  return fail({
    where,
    expected: `data in ${file}`,
    got: "an empty file",
    hint: "Download it again.",
  });
}

/** `path` if it exists, else `path`.gz if that exists. */
export function packedOrPlain(path: string): string | undefined {
  return [path, `${path}.gz`].find((file) => existsSync(file));
}

function read(where: string, file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    return fail({
      where,
      expected: `a readable file ${file}`,
      got: explain(error),
      hint: "Pass the path of a file that you may read.",
    });
  }
}

function unpack(where: string, file: string, bytes: Uint8Array): Uint8Array {
  // 1f 8b: gzip; 08: deflate, the only method there is.
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8;
  if (!packed) return bytes;
  try {
    return gunzipSync(bytes);
  } catch (error) {
    return fail({
      where,
      expected: `a whole gzip file ${file}`,
      got: `one that does not unpack (${error instanceof Error ? error.message : error})`,
      hint: "Download it again.",
    });
  }
}

/** The file names in a folder. */
export function listFolder(where: string, path: string, holding: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    return fail({
      where,
      expected: `a folder ${path} with ${holding}`,
      got: explain(error),
      hint: "Pass the path of the folder that the files lie in.",
    });
  }
}

/** The lines of a names file (or its .gz) that are not blank; undefined if there is no such file. */
export function readNames(where: string, path: string): string[] | undefined {
  if (!packedOrPlain(path)) return undefined;
  const lines = new TextDecoder().decode(readBytes(where, path)).split("\n");
  const names = lines.map((line) => line.trim()).filter((line) => line !== "");
  if (names.length > 0) return names;
  return fail({
    where,
    expected: `one name per line in ${path}`,
    got: "blank lines only",
    hint: "Write the names or delete the file.",
  });
}

function explain(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  const meanings: Record<string, string> = {
    EACCES: "no permission to read it",
    EISDIR: "a folder",
    ENOENT: "nothing there",
    ENOTDIR: "a file",
  };
  return meanings[code] ?? code;
}
