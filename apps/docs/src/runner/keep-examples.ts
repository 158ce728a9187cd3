/** As much of a Vite plugin as this needs. */
interface Keeper {
  readonly name: string;
  readonly transform: {
    readonly filter: { readonly id: RegExp };
    readonly handler: () => { readonly moduleSideEffects: true };
  };
}

/**
 * Tells Vite that examples do something when they are loaded: their packages promise to have no side
 * effects, and without exports nothing would be left of an example. For `worker.plugins`.
 */
export function keepExamples(): Keeper {
  return {
    name: "evenkeel-keep-examples",
    transform: {
      filter: { id: /\.example\.ts$/ },
      handler: () => ({ moduleSideEffects: true }),
    },
  };
}
