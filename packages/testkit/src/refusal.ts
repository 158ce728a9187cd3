import { type Backend, currentBackend, EvenkeelError, fail, useBackend } from "@evenkeel/autodiff";
import { MismatchError } from "./compare.ts";

/** Refuses a call that goes through, fails with anything but an EvenkeelError, or with other words. */
export function expectRefusal(what: string, run: () => unknown, message?: string): void {
  let error: unknown;
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  if (error === undefined) {
    fail({ where: what, expected: "an EvenkeelError", got: "a result" }, MismatchError);
  }
  if (!(error instanceof EvenkeelError)) throw error;
  if (message === undefined || error.message === message) return;
  fail(
    { where: what, expected: JSON.stringify(message), got: JSON.stringify(error.message) },
    MismatchError,
  );
}

/** The result of `fn` run on a backend; the one before is the current one again. */
export function withBackend<R>(backend: Backend, fn: () => R): R {
  const before = currentBackend();
  useBackend(backend);
  try {
    return fn();
  } finally {
    useBackend(before);
  }
}
