/**
 * Which parameters weight decay is for, in a network with proxy norms: their `proxyScale` and `proxyBias`, which
 * it pulls towards N(0, 1), and not their `weight` and `bias`, as in the authors' code. All others decay.
 *
 * @param names - Of all the model's parameters.
 * @returns A predicate for the option `decay` of nn's optimizers.
 *
 * @example
 * const decay = proxyDecay(["conv.weight", "norm.weight", "norm.bias", "norm.proxyScale"]);
 * decay("conv.weight"); // true
 * decay("norm.weight"); // false
 */
export function proxyDecay(names: Iterable<string>): (name: string) => boolean {
  const ends = ["proxyScale", "weight", "bias"] as const;
  const owners = [...names].flatMap((name) =>
    /(^|\.)proxyScale$/.test(name) ? [name.slice(0, -ends[0].length)] : [],
  );
  const spared = new Set(owners.flatMap((owner) => ends.slice(1).map((end) => owner + end)));
  return (name) => !spared.has(name);
}
