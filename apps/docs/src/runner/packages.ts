/// <reference types="astro/client" />
import { nearest } from "@evenkeel/autodiff";
import { byPackage } from "./names.ts";

type Exports = Readonly<Record<string, unknown>>;
type Load = () => Promise<unknown>;

/** Each package of the house is a chunk of its own, loaded where a program asks for it. */
const known: Readonly<Record<string, Load>> = byPackage(
  import.meta.glob("../../../../packages/*/src/index.ts"),
);

/** An import that the page cannot serve; what there is, is its hint, as in Evenkeel's errors. */
class ImportError extends Error {
  override readonly name = "ImportError";
  readonly detail: { readonly hint: string };
  constructor(message: string, hint: string) {
    super(message);
    this.detail = { hint };
  }
}

/**
 * Loads the packages that a program names.
 *
 * @returns What its imports call: a package's exports, or an ImportError that says what there is.
 */
export async function requireFrom(
  names: readonly string[],
  packages: Readonly<Record<string, Load>> = known,
): Promise<(name: string) => Exports> {
  const loaded = new Map<string, Exports>();
  const load = async (name: string): Promise<void> => {
    const exports = await packages[name]?.();
    if (exports) loaded.set(name, guarded(name, exports as Exports));
  };
  await Promise.all(names.map(load));
  return (name) => {
    const exports = loaded.get(name);
    if (exports) return exports;
    const all = Object.keys(packages).sort();
    const near = nearest(name, all);
    throw new ImportError(
      `There is no “${name}” in this page.`,
      `${near ? `Did you mean “${near}”? ` : ""}What may be imported: ${all.join(", ")}.`,
    );
  };
}

/** A package's exports; asking for one that it has not is an error, not undefined. */
function guarded(name: string, exports: Exports): Exports {
  return new Proxy(
    { ...exports, __esModule: true },
    {
      get(own: Exports, key) {
        if (typeof key === "symbol" || key in own) return own[key as string];
        if (key === "then" || key === "toJSON") return undefined;
        if (key === "default") {
          throw new ImportError(`“${name}” has no default export.`, "Import by name, in braces.");
        }
        const near = nearest(key, Object.keys(exports));
        const hint = near
          ? `Did you mean “${near}”?`
          : "Its page in the reference lists what it has.";
        throw new ImportError(`“${name}” exports no “${key}”.`, hint);
      },
    },
  );
}
