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

/** Runs `fn` on a backend, and gives the one before back. */
export function withBackend(backend: Backend, fn: () => void): void {
  const before = currentBackend();
  useBackend(backend);
  try {
    fn();
  } finally {
    useBackend(before);
  }
}
