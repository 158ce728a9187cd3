import {
  type Backend,
  broadcastShapes,
  cast,
  currentBackend,
  type DType,
  fail,
  grad,
  leaves,
  mul,
  random,
  scope,
  sum,
  type Tensor,
} from "@evenkeel/autodiff";
import type { Arbitrary } from "fast-check";
import { expectAgreement, type Pair } from "./agreement.ts";
import type { Check } from "./check.ts";
import { expectClose, guard, MismatchError, sameBits } from "./compare.ts";
import { checkGradients } from "./gradients.ts";
import { at, eachIndex, type NdArray, ndarray, toPlain } from "./ndarray.ts";
import { expectRefusal, withBackend } from "./refusal.ts";
import { forAll, forAllOn } from "./runs.ts";
import { type BackendTolerance, backendTolerance, tolerances } from "./tolerances.ts";
import { move } from "./tree.ts";

/** Inputs of an op, in float64, and its parameters. */
export interface OpSample<P = undefined> {
  readonly inputs: readonly Tensor[];
  readonly params: P;
}

/** A call whose exact result is known: a limit, a tie, a NaN. */
export interface SpecialValue<P> {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly params: P;
  readonly output?: readonly number[];
  /** Gradient of the output's sum, per input. */
  readonly gradients?: readonly (readonly number[])[];
}

/** Everything that `opSuite` must know of an op: a row of data. */
export interface OpCase<P = undefined> {
  readonly name: string;
  readonly call: (inputs: readonly Tensor[], params: P) => Tensor;
  /** Draws inputs from where the op is smooth. */
  readonly samples: Arbitrary<OpSample<P>>;
  /** The op in plain loops on numbers. */
  readonly reference: (inputs: readonly NdArray[], params: P) => NdArray;
  /** Orders of gradient to check. Default 3; 0 for an op that hands back no gradient on purpose. */
  readonly order?: 0 | 1 | 2 | 3;
  /** Why it cannot run where memory is out of the process; it must be a named error there. */
  readonly inProcessOnly?: string;
  readonly specialValues?: readonly SpecialValue<P>[];
  readonly rejects?: readonly {
    readonly name: string;
    readonly call: () => unknown;
    /** The whole message. */
    readonly message: string;
  }[];
}

/**
 * The promises that every op keeps, as checks made from a row of data: it equals its reference,
 * float32 agrees with float64, gradients of orders 1 to 3 are right, results are reproducible, inputs
 * are left alone, special values and errors are as listed.
 *
 * @param options.backends - Backends besides the current one whose float32 must agree.
 */
export function opSuite<P = undefined>(
  op: OpCase<P>,
  { backends = [] }: { readonly backends?: readonly Backend[] } = {},
): Check[] {
  const { name, order = 3 } = op;
  const over = (promise: string, check: (sample: OpSample<P>) => void, share = 1): Check => ({
    name: `${name} ${promise}`,
    run: () => forAll(op.samples, (sample) => scope(() => check(sample)), share),
  });
  const checks = [
    over("equals its reference", (sample) => equalsReference(op, sample)),
    over("gives the same bits twice and modifies no input", (s) => isRepeatable(op, s), 0.4),
    ...[currentBackend(), ...backends].flatMap((backend) => backendSuite(op, backend)),
  ];
  if (order > 0) {
    const orders = order > 1 ? `orders 1 to ${order}` : "order 1";
    const check = ({ inputs, params }: OpSample<P>): void =>
      void checkGradients((at) => op.call(at, params), inputs, { order: order as 1 | 2 | 3 });
    checks.push(over(`has right gradients of ${orders}`, check, 0.4));
  }
  const special = (op.specialValues ?? []).map((value) => ({
    name: `${name} of ${value.name}`,
    run: () => expectAgreement(currentBackend(), () => specialPairs(op, value, "float64", exact)),
  }));
  const rejections = (op.rejects ?? []).map((misuse) => ({
    name: `${name} refuses ${misuse.name}`,
    run: () => expectRefusal(misuse.name, misuse.call, misuse.message),
  }));
  return [...checks, ...special, ...rejections];
}

const exact: BackendTolerance = { output: tolerances.reference, gradient: tolerances.reference };

/**
 * What a backend promises of an op: its float32 agrees with float64 within the backend's tolerance, and its
 * special values are as listed. Part of `opSuite`; alone it is the suite of a new backend.
 *
 * Checks on a backend whose memory is out of the process return a Promise. Special values with NaN or infinity
 * are left out there: the languages of shaders let a device assume that neither occurs.
 *
 * @param options.share - The part of the usual number of samples, at least three: where every shape is a kernel
 *   to compile. Default 1.
 */
export function backendSuite<P>(
  op: OpCase<P>,
  backend: Backend,
  { share = 1 }: { readonly share?: number } = {},
): Check[] {
  const tolerance = backendTolerance(backend.name);
  const agreesOn = (sample: OpSample<P>): void | Promise<void> =>
    expectAgreement(backend, () => float32Pairs(op, sample, backend));
  if (op.inProcessOnly !== undefined && !backend.inProcess) {
    const refused = (sample: OpSample<P>): void =>
      expectRefusal(op.name, () => scope(() => float32Pairs(op, sample, backend)));
    const name = `${op.name} is a named error on ${backend.name}`;
    return [{ name, run: () => forAll(op.samples, refused, share) }];
  }
  const special = (op.specialValues ?? [])
    .filter((value) => backend.inProcess || holdsOnlyFinite(value))
    .map((value) => ({
      name: `${op.name} of ${value.name}, in float32 on ${backend.name}`,
      run: () =>
        expectAgreement(backend, () =>
          withBackend(backend, () => specialPairs(op, value, "float32", tolerance)),
        ),
    }));
  const agrees = {
    name: `${op.name} in float32 on ${backend.name} agrees with float64`,
    run: () => forAllOn(backend, op.samples, agreesOn, share),
  };
  return [agrees, ...special];
}

function holdsOnlyFinite<P>({ inputs, output = [], gradients = [] }: SpecialValue<P>): boolean {
  return [...inputs.flatMap((t) => [...t.data]), ...output, ...gradients.flat()].every(
    Number.isFinite,
  );
}

function equalsReference<P>(op: OpCase<P>, { inputs, params }: OpSample<P>): void {
  const expected = op.reference(toPlain(inputs), params);
  expectClose(op.name, op.call(inputs, params), expected, tolerances.reference);
}

/** The output, and the gradients of ⟨c, output⟩ for a random c. */
function runBoth<P>(op: OpCase<P>, { inputs, params }: OpSample<P>, dtype: DType): Tensor[] {
  const given = inputs.map((t) => cast(t, dtype));
  const output = op.call(given, params);
  if (op.order === 0) return [output];
  const cotangent = random(output.size).normal(output.shape, { dtype: "float64" });
  const loss = (at: readonly Tensor[]): Tensor => {
    const y = op.call(at, params);
    return sum(mul(y, cast(cotangent, y.dtype)));
  };
  return [output, ...leaves(grad(loss)(given))];
}

function isRepeatable<P>(op: OpCase<P>, sample: OpSample<P>): void {
  const unchanged = guard(op.name, sample.inputs);
  const [first, second] = [runBoth(op, sample, "float64"), runBoth(op, sample, "float64")];
  unchanged();
  if (first.every((t, i) => sameBits(t, second[i]!))) return;
  fail({ where: op.name, expected: "the same bits twice", got: "others" }, MismatchError);
}

/** What the backend computes from a sample, beside the same in float64. */
function float32Pairs<P>(op: OpCase<P>, { inputs, params }: OpSample<P>, backend: Backend): Pair[] {
  // Both start from numbers that float32 holds.
  const single = inputs.map((t) => cast(t, "float32"));
  const double = single.map((t) => cast(t, "float64"));
  const expected = runBoth(op, { inputs: double, params }, "float64");
  const { output, gradient } = backendTolerance(backend.name);
  const found = withBackend(backend, () =>
    runBoth(op, { inputs: single.map(move), params }, "float32"),
  );
  return found.map((got, i) => ({
    what: i === 0 ? op.name : `gradient of input ${i - 1} of ${op.name}`,
    got,
    expected: expected[i]!,
    tolerance: i === 0 ? output : gradient,
  }));
}

/** What the backend computes of a special value, beside what is listed. */
function specialPairs<P>(
  op: OpCase<P>,
  { inputs, params, output, gradients }: SpecialValue<P>,
  dtype: DType,
  tolerance: BackendTolerance,
): Pair[] {
  const given = inputs.map((t) => move(cast(t, dtype)));
  const got = op.call(given, params);
  const pairs: Pair[] = [];
  if (output) {
    const expected = ndarray(got.shape, output);
    pairs.push({ what: op.name, got, expected, tolerance: tolerance.output });
  }
  if (!gradients) return pairs;
  const found = grad((at: readonly Tensor[]) => sum(op.call(at, params)))(given);
  found.forEach((g, i) => {
    const expected = ndarray(g.shape, gradients[i]!);
    const what = `gradient of input ${i} of ${op.name}`;
    pairs.push({ what, got: g, expected, tolerance: tolerance.gradient });
  });
  return pairs;
}

/** Forgets what a case's parameters are, so that the cases of several ops can stand in one list. */
export function anyCase<P>(op: OpCase<P>): OpCase<unknown> {
  return op as OpCase<unknown>;
}

/** The reference of an elementwise op: `f` of every element, inputs broadcast by plain loops. */
export function elementwise(
  f: (...x: number[]) => number,
): (inputs: readonly NdArray[]) => NdArray {
  return (inputs) => {
    const shape = inputs.map((t) => t.shape).reduce((a, b) => broadcastShapes("reference", a, b));
    const out = ndarray(shape);
    eachIndex(shape, (index, place) => {
      out.data[place] = f(
        ...inputs.map((t) => {
          const own = index.slice(index.length - t.shape.length);
          return at(
            t,
            own.map((i, axis) => (t.shape[axis] === 1 ? 0 : i)),
          );
        }),
      );
    });
    return out;
  };
}
