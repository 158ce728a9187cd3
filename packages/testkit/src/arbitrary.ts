import {
  type DType,
  fail,
  type Random,
  random,
  type Shape,
  sizeOf,
  type Tensor,
  tensor,
} from "@evenkeel/autodiff";
import fc, { type Arbitrary } from "fast-check";
import { showNumbers } from "./show.ts";

export interface ShapeOptions {
  /** Default 0. */
  readonly minRank?: number;
  /** Default 4. */
  readonly maxRank?: number;
  /** Smallest size of an axis. Default 1. */
  readonly minSide?: number;
  /** Largest size of an axis. Default 4. */
  readonly maxSide?: number;
}

/** Shapes; they shrink to few short axes. */
export function shapes({
  minRank = 0,
  maxRank = 4,
  minSide = 1,
  maxSide = 4,
}: ShapeOptions = {}): Arbitrary<Shape> {
  return fc.array(fc.integer({ min: minSide, max: maxSide }), {
    minLength: minRank,
    maxLength: maxRank,
    size: "max",
  });
}

/** Shapes that broadcast together: axes of size 1 here and there, leading axes left out. */
export function broadcastable(count: number, options: ShapeOptions = {}): Arbitrary<Shape[]> {
  const holes = fc.record({
    ones: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    missing: fc.nat({ max: options.maxRank ?? 4 }),
  });
  return fc
    .tuple(shapes(options), fc.array(holes, { minLength: count, maxLength: count }))
    .map(([shape, list]) =>
      list.map(({ ones, missing }, k) => {
        const stretched = shape.map((n, i) => (ones[i] ? 1 : n));
        // One of them keeps every axis, so that ranks differ but some have the full one.
        return k === list.length - 1 ? stretched : stretched.slice(missing);
      }),
    );
}

/** Tensors that broadcast together, one of each domain. */
export function broadcastTensors(
  domains: readonly Domain[],
  options: ShapeOptions = {},
): Arbitrary<Tensor[]> {
  return fc
    .tuple(broadcastable(domains.length, options), seeds(), new Digits())
    .map(([sides, seed, digits]) => {
      const stream = random(seed);
      return domains.map((domain, i) => printable(drawTensor(stream, sides[i]!, domain, digits)));
    });
}

/** Where numbers are drawn from: where a function is defined and smooth. */
export interface Domain {
  /** Default −2. */
  readonly min?: number;
  /** Default 2. */
  readonly max?: number;
  /** Kinks and poles to keep a distance from. */
  readonly awayFrom?: readonly number[];
  /** That distance. Default 0.1: more than finite differences reach. */
  readonly margin?: number;
  /** No two elements are equal or nearly so: for max, min and sorting. */
  readonly distinct?: boolean;
  /** Default "float64". */
  readonly dtype?: DType;
}

/**
 * Tensors with numbers from a domain. They shrink to small shapes, then to numbers with few digits,
 * and print as dtype, shape and numbers.
 */
export function tensors(shape: Shape | Arbitrary<Shape>, domain: Domain = {}): Arbitrary<Tensor> {
  const shapeArbitrary = isArbitrary(shape) ? shape : fc.constant(shape);
  return fc
    .tuple(shapeArbitrary, seeds(), new Digits())
    .map(([sides, seed, digits]) => printable(drawTensor(random(seed), sides, domain, digits)));
}

function isArbitrary(value: Shape | Arbitrary<Shape>): value is Arbitrary<Shape> {
  return !Array.isArray(value);
}

/** Seeds for `random`; a failure keeps its own. */
export function seeds(): Arbitrary<number> {
  return fc.noShrink(fc.nat());
}

/** The digits after the point: all of them at first, few when shrinking. */
class Digits extends fc.Arbitrary<number> {
  generate(): fc.Value<number> {
    return new fc.Value(15, undefined);
  }
  canShrinkWithoutContext(_value: unknown): _value is number {
    return false;
  }
  shrink(value: number): fc.Stream<fc.Value<number>> {
    const fewer = [1, 2, 4, 8].filter((digits) => digits < value);
    return fc.stream(fewer.map((digits) => new fc.Value(digits, undefined)).values());
  }
}

/** A tensor of numbers drawn from a domain. */
export function drawTensor(stream: Random, shape: Shape, domain: Domain = {}, digits = 15): Tensor {
  const { min = -2, max = 2, distinct = false, dtype = "float64" } = domain;
  const size = sizeOf(shape);
  const data = new Float64Array(size);
  const places = distinct ? stream.permutation(size) : undefined;
  for (let i = 0; i < size; i++) {
    data[i] = places
      ? min + ((max - min) * (places[i]! + 0.5 * stream.next())) / size
      : drawNumber(stream, domain, min, max, digits);
  }
  return tensor(data, { shape, dtype });
}

function drawNumber(
  stream: Random,
  domain: Domain,
  min: number,
  max: number,
  digits: number,
): number {
  const { awayFrom = [], margin = 0.1 } = domain;
  for (let attempt = 0; attempt < 1000; attempt++) {
    const exact = min + (max - min) * stream.next();
    const v = digits < 15 ? Number(exact.toFixed(digits)) : exact;
    if (v >= min && v <= max && awayFrom.every((kink) => Math.abs(v - kink) >= margin)) return v;
  }
  return fail({
    where: "tensors",
    expected: `numbers from ${min} to ${max} at least ${margin} from ${awayFrom.join(", ")}`,
    got: "none in a thousand attempts",
    hint: "Widen the domain or lower the margin.",
  });
}

/** Makes counterexamples show the tensor's numbers. */
export function printable(t: Tensor): Tensor {
  return Object.defineProperty(t, fc.toStringMethod, {
    value: () => `${t.dtype} ${showNumbers(t)}`,
  });
}

/** Lists of values by option name. */
export type Axes = Readonly<Record<string, readonly unknown[]>>;
/** One value of each list. */
export type Pick<A extends Axes> = { readonly [K in keyof A]: A[K][number] };

/** Every combination of the listed values, the last name changing fastest. */
export function product<const A extends Axes>(axes: A): Pick<A>[] {
  let rows: Record<string, unknown>[] = [{}];
  for (const [name, values] of Object.entries(axes)) {
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value })));
  }
  return rows as Pick<A>[];
}

/** Combinations of the listed values; they shrink towards the first of each list. */
export function grid<const A extends Axes>(axes: A): Arbitrary<Pick<A>> {
  const lists = Object.entries(axes).map(([name, values]) => [name, fc.constantFrom(...values)]);
  return fc.record(Object.fromEntries(lists)) as Arbitrary<Pick<A>>;
}
