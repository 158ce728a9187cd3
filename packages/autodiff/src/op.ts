import { cpu } from "./backend/cpu.ts";
import { backendFor } from "./backend.ts";
import type { DType } from "./dtype.ts";
import { OptionError, refuse, ShapeError, show } from "./error.ts";
import { type Shape, sizeOf } from "./shape.ts";
import { record } from "./tape.ts";
import { full, memoryOf, Tensor, type Value, viewOf } from "./tensor.ts";

/** The one record from which an op is made. */
export interface OpSpec<P> {
  /** Names the op in errors and in backends' kernel tables. */
  readonly name: string;
  /** The result's shape. Every complaint about shapes is raised here, once. */
  shape(shapes: readonly Shape[], params: P): Shape;
  /** The result's dtype. Default: the inputs' common one; different ones are an error. */
  dtype?(dtypes: readonly DType[], params: P): DType;
  /** The result is the first input's memory under another shape; `kernel` is not run. */
  readonly view?: boolean;
  /**
   * For elementwise ops, the rule for one element; `kernel` applies it with broadcasting. The g that `vjp`
   * gets may then be small: only broadcast to the result's shape.
   */
  readonly scalar?: (...x: number[]) => number;
  /** The plain TypeScript kernel: fills `out.data`, whose contents are undefined before. */
  kernel(out: Tensor, inputs: readonly Tensor[], params: P): void;
  /**
   * One gradient per input, null where there is none, written with ops so that it differentiates
   * again. A gradient may have the shape the input was broadcast to, and the sweep sums it back, or one
   * that broadcasts to the input's.
   *
   * @param g - Gradient of the result.
   * @param needs - Which inputs' gradients are wanted; the others may be null.
   */
  vjp(
    g: Tensor,
    out: Tensor,
    inputs: readonly Tensor[],
    params: P,
    needs: readonly boolean[],
  ): readonly (Tensor | null)[];
}

/** An op as a function of its inputs and parameters. */
export interface Op<P> {
  (inputs: readonly Value[], params: P): Tensor;
  readonly spec: OpSpec<P>;
}

/**
 * Makes an op from its record, the whole of what a new op needs: see `docs/core-in-an-hour.md`.
 *
 * @example
 * const cube = defineOp<void>({
 *   name: "cube",
 *   shape: ([x]) => x!,
 *   kernel: (out, [x]) => x!.data.forEach((v, i) => { out.data[i] = v ** 3; }),
 *   vjp: (g, _, [x]) => [mul(g, mul(3, mul(x!, x!)))],
 * });
 */
export function defineOp<P>(spec: OpSpec<P>): Op<P> {
  const op = (values: readonly Value[], params: P): Tensor => apply(spec, values, params);
  return Object.assign(op, { spec });
}

function apply<P>(spec: OpSpec<P>, values: readonly Value[], params: P): Tensor {
  const inputs = toTensors(spec.name, values);
  const shape = spec.shape(
    inputs.map((t) => t.shape),
    params,
  );
  const out = spec.view
    ? viewOf(inputs[0]!, shape, spec.name)
    : compute(spec, shape, inputs, params);
  record(spec as OpSpec<unknown>, inputs, params, out);
  return out;
}

function compute<P>(spec: OpSpec<P>, shape: Shape, inputs: readonly Tensor[], params: P): Tensor {
  const dtype = spec.dtype ? spec.dtype(inputs.map(dtypeOf), params) : commonDType(spec, inputs);
  let backend = backendFor(dtype);
  for (const t of inputs) {
    if (t.dtype !== dtype && backendFor(t.dtype) !== backend) backend = cpu;
  }
  for (const t of inputs) {
    const storage = memoryOf(t, spec.name);
    if (storage.backend === backend || backend.reads(storage)) continue;
    // Moved once, not at every use: a tensor may change its memory, never its numbers.
    const moved = backend.allocate(t.dtype, t.size);
    moved.write(storage.data);
    t.storage = moved;
    if (--storage.users === 0) storage.backend.free(storage);
  }
  const out = new Tensor(backend.allocate(dtype, sizeOf(shape)), shape, dtype);
  backend.run(spec as OpSpec<unknown>, out, inputs, params);
  return out;
}

const dtypeOf = (t: Tensor): DType => t.dtype;

function commonDType({ name }: { readonly name: string }, inputs: readonly Tensor[]): DType {
  const first = inputs[0]?.dtype ?? "float32";
  for (const { dtype } of inputs) {
    if (dtype === first) continue;
    const got = inputs.map(dtypeOf).join(" and ");
    const hint = `Convert one with cast(x, "${first}").`;
    refuse(ShapeError, name, "tensors of one dtype", got, hint);
  }
  return first;
}

/** Numbers become constants of the dtype of the first tensor beside them. */
function toTensors(where: string, values: readonly Value[]): readonly Tensor[] {
  return values.every(isTensor) ? values : values.map((v) => toTensor(where, v, values));
}

const isTensor = (v: Value): v is Tensor => v instanceof Tensor;

function toTensor(where: string, v: Value, values: readonly Value[]): Tensor {
  if (v instanceof Tensor) return v;
  if (typeof v === "number") return full([], v, values.find(isTensor));
  return refuse(
    OptionError,
    where,
    "tensors or numbers",
    show(v),
    "Make one with tensor(...). Two copies of @evenkeel/autodiff also look like this.",
  );
}
