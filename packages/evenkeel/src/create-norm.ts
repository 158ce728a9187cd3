import { fail, nearest, OptionError, show } from "@evenkeel/autodiff";
import { type Norms, norms } from "./norms.ts";

/** The id of a norm: the name of its export. */
export type NormId = keyof Norms;

/** The options of the norm with an id. */
export type NormOptions<Id extends NormId> = Parameters<Norms[Id]>[0];

/**
 * The norm with an id, bound to its options: `createNorm("batchNorm", options)` is `batchNorm(options)`.
 *
 * **When to use.** Where the norm is a setting: a command line, a configuration file, a comparison. Code that
 * names its norm imports it, and then bundles contain no other.
 *
 * @param id - One of the keys of `norms`.
 * @param options - The norm's own.
 * @returns What the norm returns: `init` and `apply`, with the norm's type of condition.
 * @throws OptionError for an id that no norm has (suggests the nearest), and for options that the norm refuses.
 *
 * @example
 * const gn = createNorm("groupNorm", { numGroups: 2, numChannels: 8 });
 * const { params, state } = gn.init();
 * const { output } = gn.apply(random(1).normal([4, 8, 6, 6]), params, state);
 */
export function createNorm<Id extends NormId>(
  id: Id,
  options: NormOptions<Id>,
): ReturnType<Norms[Id]> {
  if (!Object.hasOwn(norms, id)) refuseId(id);
  // The compiler does not see that options and result belong to the same id.
  const norm: (options: never) => object = norms[id];
  return norm(options as never) as ReturnType<Norms[Id]>;
}

function refuseId(id: unknown): never {
  const ids = Object.keys(norms);
  const near = typeof id === "string" ? nearest(id, ids) : undefined;
  return fail(
    {
      where: "createNorm",
      expected: `an id among ${ids.join(", ")}`,
      got: show(id),
      ...(near && { hint: `Did you mean ${near}?` }),
    },
    OptionError,
  );
}
