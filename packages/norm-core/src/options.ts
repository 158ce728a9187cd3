import { fail, nearest, OptionError, show } from "@evenkeel/autodiff";

/** What one option may be: its default (none: it must be given), and a test with its words. */
export interface OptionRule<T> {
  readonly fallback?: T;
  readonly expected: string;
  readonly legal: (value: unknown) => boolean;
}

/** A rule for every option, by name. */
export type OptionRules<O> = { readonly [K in keyof Required<O>]: OptionRule<Required<O>[K]> };

function rule<T>(expected: string, legal: (v: unknown) => boolean, fallback?: T): OptionRule<T> {
  return fallback === undefined ? { expected, legal } : { expected, legal, fallback };
}

const isNumber = (v: unknown): v is number => typeof v === "number" && Number.isFinite(v);
const isCount = (v: unknown): boolean => Number.isInteger(v) && (v as number) > 0;

/** A whole number >= 1. */
export function count(fallback?: number): OptionRule<number> {
  return rule("a whole number >= 1", isCount, fallback);
}
/** Any finite number. */
export function finite(fallback?: number): OptionRule<number> {
  return rule("a finite number", isNumber, fallback);
}
/** A finite number >= 0. */
export function nonNegative(fallback?: number): OptionRule<number> {
  return rule("a number >= 0", (v) => isNumber(v) && v >= 0, fallback);
}
/** A number from 0 to 1, or null: the momentum of running statistics. */
export function fractionOrNull(fallback?: number | null): OptionRule<number | null> {
  return rule(
    "a number from 0 to 1, or null for a cumulative average",
    (v) => v === null || (isNumber(v) && v >= 0 && v <= 1),
    fallback,
  );
}
export function flag(fallback?: boolean): OptionRule<boolean> {
  return rule("true or false", (v) => typeof v === "boolean", fallback);
}
/** A whole number; negative ones count axes from the end. */
export function axis(fallback?: number): OptionRule<number> {
  return rule("a whole number (an axis)", Number.isInteger, fallback);
}
export function oneOf<const T extends string>(names: readonly T[], fallback?: T): OptionRule<T> {
  return rule(
    names.map((n) => JSON.stringify(n)).join(" or "),
    (v) => names.includes(v as T),
    fallback,
  );
}
/** A count or a list of them: the shape of what is normalized. */
export function counts(
  fallback?: number | readonly number[],
): OptionRule<number | readonly number[]> {
  return rule(
    "a whole number >= 1 or a list of them",
    (v) => isCount(v) || (Array.isArray(v) && v.length > 0 && v.every(isCount)),
    fallback,
  );
}

/**
 * The options with defaults filled in.
 *
 * @throws OptionError for a name without a rule (suggests the nearest), a missing option, or a value
 *   that its rule refuses.
 */
export function checkOptions<O extends object>(
  where: string,
  given: O,
  rules: OptionRules<O>,
): Required<O> {
  const names = Object.keys(rules);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const near = nearest(name, names);
    fail(
      {
        where,
        expected: `options among ${names.join(", ")}`,
        got: show(name),
        ...(near && { hint: `Did you mean ${near}?` }),
      },
      OptionError,
    );
  }
  const table = rules as Record<string, OptionRule<unknown>>;
  const values = given as Record<string, unknown>;
  const checked = names.map((name) => {
    const { expected, legal, fallback } = table[name]!;
    const value = values[name] === undefined ? fallback : values[name];
    if (!legal(value)) {
      fail({ where: `${where} ${name}`, expected, got: show(values[name]) }, OptionError);
    }
    return [name, value] as const;
  });
  return Object.fromEntries(checked) as Required<O>;
}
