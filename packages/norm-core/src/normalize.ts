import {
  cast,
  currentBackend,
  customGrad,
  type DType,
  fail,
  recording,
  reshape,
  ShapeError,
  showShape,
  type Tensor,
} from "@evenkeel/autodiff";
import { passesOf } from "./gated-planes.ts";
import { type Layout, planeSize } from "./layout.ts";
import type { Moments } from "./moments.ts";
import { planeMoments } from "./plane-moments.ts";
import {
  halves,
  type PlaneMap,
  type PlaneRule,
  type PreparedRule,
  type Ruled,
  spreadMap,
  tracedRule,
  untracedRule,
} from "./plane-rule.ts";
import { type Activated, planeAffine } from "./planes.ts";

/** An affine along the plane, after the map: `(…)·weight + bias`, each of outer · inner elements. */
export interface Along {
  readonly weight?: Tensor | undefined;
  /** Only with `weight`. */
  readonly bias?: Tensor | undefined;
}

/** What is applied to the output in the same passes over memory. */
export type Activation = "relu";

/** How planes are read and what surrounds the map. */
export interface PlaneOptions extends Along {
  /** From `samplePlanes`, `batchPlanes` or `rowPlanes`. */
  readonly layout: Layout;
  /** Default: none. */
  readonly activation?: Activation | undefined;
}

/**
 * The dtype in which statistics and rules are computed: float64 where the backend has it (the tensors
 * are tiny, and digits lost to a large offset do not come back), else that of x.
 */
export function statisticsDType(x: Tensor): DType {
  return currentBackend().dtypes.includes("float64") ? "float64" : x.dtype;
}

type Inputs = Readonly<Record<string, Tensor>>;

/**
 * Normalizes planes by a rule of their moments, in two passes over memory forward and two backward:
 *
 *     moments = count, mean, M2 of every plane of x
 *     center, scale, shift = rule(moments, inputs)
 *     y = ((x − center)·scale + shift)·weight + bias,  max(y, 0) with activation "relu"
 *
 * The rule is plain tensor algebra on tensors of a few numbers per plane; it is traced, so its gradient
 * (through the moments too) comes by itself, for derivatives of every order.
 *
 * @param x - Any shape that `layout` describes.
 * @param inputs - What the rule depends on besides the moments; gradients reach them. They come to the
 *   rule in the moments' dtype. Whatever is differentiated has to come in here: what the rule closes
 *   over must be a constant.
 * @param rule - Must be pure. Moments have shape [samples, channels] and a plain number as count.
 * @returns The output, of x's shape and dtype, and the rule's `aux` as constants.
 *
 * @example
 * // batch norm without an affine
 * const { output } = normalizePlanes(x, {}, ({ count, mean, m2 }) => {
 *   const scale = rsqrt(add(div(m2, count), 1e-5));
 *   return { center: mean, scale, shift: zerosLike(mean) };
 * }, { layout: batchPlanes(x.shape, 1) });
 */
export function normalizePlanes<I extends Inputs, X = undefined>(
  x: Tensor,
  inputs: I,
  rule: (moments: Moments, inputs: I) => PlaneRule<X>,
  options: PlaneOptions,
): { readonly output: Tensor; readonly aux: X } {
  return planesBy(x, inputs, rule, options);
}

/** @internal `normalizePlanes` by a rule and, for the forward and a last backward, one in closed form. */
export function planesBy<I extends Inputs, X = undefined>(
  x: Tensor,
  inputs: I,
  rule: (moments: Moments, inputs: I) => PlaneRule<X>,
  options: PlaneOptions,
  closed?: PreparedRule,
): { readonly output: Tensor; readonly aux: X } {
  const { layout } = options;
  checkLayout(x, layout);
  const dtype = statisticsDType(x);
  const names = Object.keys(inputs);
  let aux: X | undefined;
  const traced = (mean: Tensor, m2: Tensor, ...given: readonly Tensor[]): PlaneMap => {
    const named = Object.fromEntries(names.map((name, i) => [name, cast(given[i]!, dtype)])) as I;
    const result = rule({ count: planeSize(layout), mean, m2 }, named);
    aux = result.aux;
    return spreadMap(result, layout, dtype);
  };
  const given = names.map((name) => inputs[name]!);
  // The trace of the rule is only for a backward, and there is one only inside a recording.
  const again = tracedRule(traced, layout);
  const first = closed ?? (recording() ? again : untracedRule(traced));
  const output = ruledPlanes(x, given, { first, again }, options);
  return { output, aux: aux as X };
}

/** For the forward and a last backward, and for a backward that differentiates again. */
interface Rules {
  readonly first: PreparedRule;
  readonly again: PreparedRule;
}

function ruledPlanes(
  x: Tensor,
  inputs: readonly Tensor[],
  { first, again }: Rules,
  { layout, weight, bias, activation }: PlaneOptions,
): Tensor {
  const dtype = statisticsDType(x);
  const activated = activatedBy(activation, layout);
  const split = (list: readonly Tensor[]): [given: readonly Tensor[], along: readonly Tensor[]] => [
    list.slice(0, inputs.length),
    list.slice(inputs.length),
  ];
  const op = customGrad("normalizePlanes", (x0, ...rest) => {
    const [given, along] = split(rest);
    const ruled = first(planeMoments(x0!, layout, dtype), given);
    const { center, scale, shift } = ruled.map;
    return {
      value: planeAffine(x0!, center, scale, shift, activated, ...along),
      vjp(g, [x1, ...others], needs) {
        const [given1, along1] = split(others);
        // To be differentiated again, moments and rule must be seen to follow from x: no residuals.
        const own =
          recording() || !ruled.gradient ? again(planeMoments(x1!, layout, dtype), given1) : ruled;
        return backward({ g, x: x1!, ruled: own, along: along1, layout: activated, needs });
      },
    };
  });
  return op(x, ...inputs, ...placesOf({ weight, bias }, layout));
}

interface Backward {
  readonly g: Tensor;
  readonly x: Tensor;
  readonly ruled: Ruled;
  readonly along: readonly Tensor[];
  readonly layout: Activated;
  readonly needs: readonly boolean[];
}

/** dx = scale·g·weight + b·(x − mean) + c, with b and c from the rule's gradient. */
function backward({ g, x, ruled, along, layout, needs }: Backward): (Tensor | null)[] {
  const { map, mean, gradient } = ruled;
  const passes = passesOf(g, x, { ...map, along }, layout);
  const [b, c, ...inputs] = gradient!(passes.sums());
  const dx = needs[0] ? passes.combine(mean, b!, c!) : null;
  const first = [dx, ...inputs];
  const wanted = needs.slice(first.length).some(Boolean);
  const places = wanted ? halves(passes.along()) : null;
  return [...first, ...along.map((_, i) => places && places[i]!)];
}

/**
 * The map alone, without moments: `((x − center)·scale + shift)·weight + bias` for statistics that come
 * from elsewhere, such as running ones. One pass forward, two backward; gradients reach every part.
 */
export function affinePlanes(
  x: Tensor,
  map: PlaneMap,
  { layout, weight, bias, activation }: PlaneOptions,
): Tensor {
  checkLayout(x, layout);
  const { center, scale, shift } = spreadMap(map, layout, statisticsDType(x));
  const activated = activatedBy(activation, layout);
  return planeAffine(x, center, scale, shift, activated, ...placesOf({ weight, bias }, layout));
}

function activatedBy(activation: Activation | undefined, layout: Layout): Activated {
  return activation === "relu" ? { ...layout, relu: true } : layout;
}

/** Weight and bias with one number per place in a plane, as far as there are any. */
function placesOf({ weight, bias }: Along, layout: Layout): [] | [Tensor] | [Tensor, Tensor] {
  const places = (t: Tensor): Tensor => reshape(t, [planeSize(layout)]);
  if (!weight) return [];
  return bias ? [places(weight), places(bias)] : [places(weight)];
}

/**
 * The moments of every plane of x, each of shape [samples, channels], in the statistics' dtype. For
 * statistics without normalizing: collecting them over a data set, or of a batch that is not trained on.
 */
export function momentsOfPlanes(x: Tensor, layout: Layout): Moments {
  checkLayout(x, layout);
  const [mean, m2] = halves(planeMoments(x, layout, statisticsDType(x)));
  return { count: planeSize(layout), mean, m2 };
}

function checkLayout(x: Tensor, layout: Layout): void {
  const { samples, outer, channels, inner } = layout;
  if (samples * outer * channels * inner === x.size) return;
  fail(
    {
      where: "normalizePlanes",
      expected: `a layout of ${x.size} elements for x of shape ${showShape(x.shape)}`,
      got: JSON.stringify(layout),
      hint: "Make it with samplePlanes, batchPlanes or rowPlanes from x.shape.",
    },
    ShapeError,
  );
}
