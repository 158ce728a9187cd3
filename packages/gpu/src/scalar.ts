import { fail } from "@evenkeel/autodiff";

/** A function in gpu.js's kernel language. */
export interface KernelFunction {
  readonly name: string;
  readonly parameters: readonly string[];
  /** Statements. */
  readonly body: string;
  /** Whether arguments and result are whole numbers. */
  readonly whole: boolean;
}

/**
 * The text of a scalar rule, the one that the plain kernels run: an arrow function of an expression, or a
 * function of Math. It may use Math, its parameters and nothing else.
 */
export function functionOf(name: string, scalar: (...x: number[]) => number): KernelFunction {
  const own = (special as Partial<Record<string, KernelFunction>>)[name];
  if (own) return own;
  const math = mathName(scalar);
  if (math) return rule(name, ["x"], `return Math.${math}(x);`);
  const text = scalar.toString();
  const arrow = /^\(?\s*([\w$,\s]*?)\s*\)?\s*=>\s*(?!\{)([\s\S]+)$/.exec(text);
  if (!arrow) {
    return fail({
      where: "gpu",
      expected: `the scalar rule of ${name} to be an arrow function that returns an expression`,
      got: text,
      hint: "Write it so, using only Math and its parameters: gpu.js translates this very text.",
    });
  }
  const parameters = arrow[1]!.split(",").map((p) => p.trim());
  return rule(name, parameters, `return ${arrow[2]};`);
}

function rule(name: string, parameters: readonly string[], body: string): KernelFunction {
  return { name: `op_${name}`, parameters, body, whole: false };
}

function mathName(f: unknown): string | undefined {
  return Object.getOwnPropertyNames(Math).find((key) => Reflect.get(Math, key) === f);
}

// Rules whose own text is not right in shaders.
const special = {
  // A shader's pow is exp2(b·log2(a)): NaN for a < 0. Whole exponents keep their sign.
  pow: rule(
    "pow",
    ["a", "b"],
    `if (b === 0) { return 1; }
     if (a === 0) { if (b > 0) { return 0; } return 1 / Math.abs(a); }
     const size = Math.pow(Math.abs(a), b);
     if (a > 0) { return size; }
     const half = Math.abs(b) * 0.5;
     if (half - Math.floor(half) > 0.25) { return 0 - size; }
     return size;`,
  ),
  // Drivers compute tanh by eˣ, which overflows where the result is 1 long since.
  tanh: rule("tanh", ["x"], "return Math.tanh(Math.max(-15, Math.min(15, x)));"),
};

// Division of whole numbers >= 0, for indices: `/` is a float's, and on a GPU it may be units off.

/** Below this, half a unit more than a is far enough from the next quotient to be divided as a float. */
const NEAR = 2 ** 21;

// Above, the guess is corrected by what it leaves, then by one. A variable is a whole number to gpu.js if it
// starts at a literal and is counted up somewhere; ~~ converts to one. Neither function calls another: gpu.js may
// write a function after one that calls it, which GLSL refuses.
const exact = `
  let q = 0;
  let more = 0;
  more++;
  q = ~~(a / b);
  more = ~~((a - q * b) / b);
  q = q + more;
  if (a - q * b < 0) { q--; }
  if (a - q * b >= b) { q++; }`;

const far = [
  whole("quotient", ["a", "b"], `${exact} return q;`),
  whole("remainder", ["a", "b"], `${exact} return a - q * b;`),
];
const near = [
  whole("quotient", ["a", "b"], "return ~~((a + 0.5) / b);"),
  whole("remainder", ["a", "b"], "return a - ~~((a + 0.5) / b) * b;"),
];

/** `quotient` and `remainder`, exact for a below `most` and at most 2³¹. */
export function divisions(most: number): readonly KernelFunction[] {
  return most < NEAR ? near : far;
}

function whole(name: string, parameters: readonly string[], body: string): KernelFunction {
  return { name, parameters, body, whole: true };
}
