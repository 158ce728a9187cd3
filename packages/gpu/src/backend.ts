import {
  type Backend,
  type DType,
  fail,
  type OpSpec,
  type Storage,
  type Tensor,
} from "@evenkeel/autodiff";
import type { Device, GpuMode } from "./device.ts";
import { Executor } from "./executor.ts";
import { graphOf, type Recorded } from "./graph.ts";
import { lowered } from "./lowered.ts";
import { GpuStorage, type Keeper } from "./storage.ts";

/** Device memory that is in use. */
export interface GpuMemory {
  readonly buffers: number;
  /** Of the numbers; a texture of WebGL2 takes four times as many. */
  readonly bytes: number;
}

/** The GPU backend, and what can be seen of it. */
export interface GpuBackend extends Backend {
  /** What the kernels run on. */
  readonly ran: GpuMode;
  /** Kernels launched so far; uploads of numbers are not counted. */
  readonly launches: number;
  /** Kernels compiled so far. */
  readonly compiled: number;
  /** Structures of steps planned so far: steady once a training loop runs. */
  readonly plans: number;
  readonly memory: GpuMemory;
  /** Resolves with the reason when the device is lost; reads are refused from then on. */
  readonly lost: Promise<string>;
  /** Computes what was recorded and is still needed; `read` does it by itself. */
  flush(): Promise<void>;
  /** Gives the device back. */
  destroy(): Promise<void>;
}

/** Records ops, and computes what is needed of them when it is read or when the program pauses. */
export class Recorder implements GpuBackend, Keeper {
  readonly name = "gpu";
  readonly dtypes: readonly DType[] = ["float32"];
  readonly inProcess = false;
  readonly fallbacks: ReadonlyMap<string, number> = new Map();
  private readonly device: Device;
  private readonly executor: Executor;
  private recorded: Recorded[] = [];
  private flushing: Promise<void> = Promise.resolve();
  private scheduled = false;

  constructor(device: Device) {
    this.device = device;
    this.executor = new Executor(device);
  }

  get ran(): GpuMode {
    return this.device.mode;
  }
  get launches(): number {
    return this.executor.launches;
  }
  get compiled(): number {
    return this.device.compiled;
  }
  get plans(): number {
    return this.executor.plans;
  }
  get memory(): GpuMemory {
    const { buffers, bytes } = this.executor;
    return { buffers, bytes };
  }
  get lost(): Promise<string> {
    return this.device.lost;
  }

  reads(storage: Storage): boolean {
    return storage.backend === this;
  }

  allocate(_dtype: DType, size: number): GpuStorage {
    return new GpuStorage(this, size);
  }

  free(storage: Storage): void {
    storage.users = 0;
    this.executor.tidy(storage as GpuStorage);
  }

  run(spec: OpSpec<unknown>, out: Tensor, inputs: readonly Tensor[], params: unknown): void {
    const op = lowered(spec) ?? missingRule(spec.name);
    const result = out.storage as GpuStorage;
    if (out.size === 0) {
      result.write([]);
      return;
    }
    const read = inputs.map((t) => t.storage as GpuStorage);
    for (const storage of read) storage.readers++;
    this.recorded.push({
      name: spec.name,
      op,
      params,
      inputs: read,
      shapes: inputs.map((t) => t.shape),
      out: result,
      shape: out.shape,
    });
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => void this.flush());
  }

  /** Never rejects: what fails is told by the reads of what it should have computed. */
  flush(): Promise<void> {
    this.scheduled = false;
    const { recorded } = this;
    if (recorded.length > 0) {
      this.recorded = [];
      this.flushing = this.flushing.then(() => this.compute(recorded));
    }
    return this.flushing;
  }

  async readStorage(storage: GpuStorage): Promise<Float32Array> {
    storage.users++;
    try {
      await this.flush();
      return await this.executor.numbersOf(storage);
    } catch (error) {
      throw await this.executor.reasonOf(error);
    } finally {
      if (--storage.users === 0) this.free(storage);
    }
  }

  async destroy(): Promise<void> {
    await this.flushing;
    await this.device.destroy();
  }

  private async compute(recorded: readonly Recorded[]): Promise<void> {
    const graph = graphOf(recorded);
    try {
      await this.executor.execute(graph);
    } catch (thrown) {
      const error = await this.executor.reasonOf(thrown);
      for (const { out } of graph.ops) {
        if (out.content.kind === "recorded") out.content = { kind: "failed", error };
      }
    }
    for (const { inputs } of recorded) {
      for (const storage of inputs) {
        storage.readers--;
        this.executor.tidy(storage);
      }
    }
  }
}

function missingRule(name: string): never {
  return fail({
    where: "gpu",
    expected: `a rule for ${name}`,
    got: "none",
    hint: "Give the op a `scalar` rule, make it of other ops, or run it on cpu or wasm().",
  });
}
