import {
  type Backend,
  EvenkeelError,
  fail,
  type Storage,
  type TypedArray,
} from "@evenkeel/autodiff";
import type { Handle } from "./device.ts";

/** Memory asked for at once that can only be read by waiting for it. */
export class RemoteMemoryError extends EvenkeelError {
  override readonly name = "RemoteMemoryError";
}

/** A device that is gone, with the numbers on it. */
export class DeviceLostError extends EvenkeelError {
  override readonly name = "DeviceLostError";
}

/** Memory on the device, shared by the results that one kernel computed side by side. */
export interface Block {
  readonly handle: Handle;
  readonly size: number;
  /** Storages and launches to come that need it; at 0 it is given back. */
  users: number;
}

/** Where the numbers of a storage are. */
export type Content =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "host"; readonly numbers: Float32Array }
  /** An op that was recorded and not launched yet fills it. */
  | { readonly kind: "recorded" }
  | {
      readonly kind: "block";
      readonly block: Block;
      readonly offset: number;
      /** What was uploaded: it outlives the device. */
      readonly written?: Float32Array;
    }
  | { readonly kind: "failed"; readonly error: unknown };

/** What a storage needs of its backend. */
export interface Keeper extends Backend {
  readStorage(storage: GpuStorage): Promise<Float32Array>;
}

/** Numbers on the device, on their way there, or still to be computed. */
export class GpuStorage implements Storage {
  readonly backend: Backend;
  readonly size: number;
  users = 1;
  content: Content = { kind: "recorded" };
  /** Recorded ops that read it and are still to be computed. */
  readers = 0;
  private readonly keeper: Keeper;

  constructor(keeper: Keeper, size: number) {
    this.backend = keeper;
    this.keeper = keeper;
    this.size = size;
  }

  /** What the program wrote is in the process too; what was computed is not. */
  get data(): TypedArray {
    const { content } = this;
    if (content.kind === "constant") return new Float32Array(this.size).fill(content.value);
    if (content.kind === "host") return content.numbers;
    if (content.kind === "block" && content.written) return content.written;
    return fail(
      {
        where: "data",
        expected: "memory in the process",
        got: "a tensor that was computed on the GPU",
        hint: "Read it with `await t.read()`; what has to be read at once belongs on cpu or wasm().",
      },
      RemoteMemoryError,
    );
  }

  async read(): Promise<TypedArray> {
    return this.keeper.readStorage(this);
  }

  write(data: ArrayLike<number>): void {
    this.content = { kind: "host", numbers: Float32Array.from(data) };
  }

  fill(value: number): void {
    this.content = { kind: "constant", value };
  }
}
