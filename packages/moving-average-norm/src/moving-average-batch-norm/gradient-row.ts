import {
  defineUnary,
  EvenkeelError,
  fail,
  mul,
  stopGradient,
  type Tensor,
} from "@evenkeel/autodiff";
import { checkFinite } from "@evenkeel/norm-core";

// The one number of this method that the forward cannot know: the mean of g·z, which the backward finds.
// The state that a forward returns has a buffer of its own for it, in which the backward fills in one row:
// a state is complete when the backward of the step that made it is through. No state that came in is written.

type Memory = NonNullable<Tensor["storage"]>;

/** Memory of buffers that a later training forward has gone on from: too late to fill in a row. */
const continued = new WeakSet<Memory>();

/** The same numbers in other memory. */
const copy = defineUnary(
  "copy",
  (x) => x,
  () => null,
);

/** The buffer of the next state, in memory of its own: a training forward goes on from this one. */
export function continueFrom(buffer: Tensor): Tensor {
  const next = mul(stopGradient(buffer), 1);
  if (buffer.storage) continued.add(buffer.storage);
  // Blocks are used again: this one may have been another buffer's.
  if (next.storage) continued.delete(next.storage);
  return next;
}

/**
 * Fills in the buffer that a forward has made, with a row that its backward has found.
 *
 * @param filled - The whole buffer.
 * @throws EvenkeelError if another training forward has gone on from it; ValueError for numbers that are
 *   not finite, where the backend's memory can be looked at.
 */
export function fillIn(where: string, buffer: Tensor, filled: Tensor): void {
  checkFinite(where, "mean of g·z", filled);
  const { storage } = buffer;
  if (!storage || continued.has(storage)) {
    fail(
      {
        where,
        expected: "the backward of the last training forward",
        got: "that of an older one",
        hint: "Take the gradient of each forward before the next, or let forwards without one not update.",
      },
      EvenkeelError,
    );
  }
  // Elsewhere an op is run by hand: its call would put the result into memory of its own.
  if (storage.backend.inProcess) storage.write(filled.data);
  else storage.backend.run(copy.spec, buffer, [filled], undefined);
}
