/** "packages/batch-norm/src/index.ts" under the name that programs import it by. */
export function byPackage<T>(modules: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return renamed(modules, (path) => {
    const folder = /packages\/([^/]+)\/src\/index\.ts$/.exec(path)?.[1];
    return folder === "evenkeel" ? folder : `@evenkeel/${folder}`;
  });
}

/**
 * Examples under the names that pages use: "sandwich-norm/sandwich-batch-norm" of a package,
 * "guides/backends/threads" of a guide.
 */
export function byExample<T>(modules: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return renamed(modules, (path) => {
    const name = path.replace(/\.example\.ts$/, "");
    const guide = /docs\/(guides\/.+)$/.exec(name);
    if (guide) return guide[1]!;
    const [, family, example] = /packages\/([^/]+)\/src\/(?:[^/]+\/)*([^/]+)$/.exec(name)!;
    return `${family}/${example}`;
  });
}

/** Cases under their folder's name: "batch-norm". */
export function byVariant<T>(modules: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  const own = Object.entries(modules).filter(([path]) => /\/([^/]+)\/\1\.case\.ts$/.test(path));
  return renamed(Object.fromEntries(own), (path) => /\/([^/]+)\.case\.ts$/.exec(path)![1]!);
}

function renamed<T>(
  modules: Readonly<Record<string, T>>,
  rename: (path: string) => string,
): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(modules).map(([path, m]) => [rename(path), m]));
}
