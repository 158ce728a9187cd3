import { EvenkeelError, fail } from "@evenkeel/autodiff";
import type { Device, Handle } from "./device.ts";
import { SMALL } from "./fusion.ts";
import { blocksOf, type Graph, type GraphPlan, planGraph, structureOf } from "./graph.ts";
import type { Launch, ScalarRef } from "./plan.ts";
import type { Block, Content, GpuStorage } from "./storage.ts";

/** Plans kept; a training loop needs a handful. */
const MOST_PLANS = 64;
/** How long a failure waits to learn that the device is lost, in milliseconds. */
const PATIENCE = 100;

type Host = Extract<Content, { readonly kind: "host" }>;

/** Computes graphs on a device and keeps account of its memory. */
export class Executor {
  launches = 0;
  plans = 0;
  buffers = 0;
  bytes = 0;
  readonly device: Device;
  private readonly planned = new Map<string, GraphPlan>();
  private readonly abandoned = new FinalizationRegistry<Block>((block) => this.drop(block));

  constructor(device: Device) {
    this.device = device;
  }

  /** Fills the storages that a graph's wanted ops stand for. */
  async execute(graph: Graph): Promise<void> {
    await this.settle(graph.givens);
    const blocks = blocksOf(graph);
    const plan = this.planFor(graph, blocks);
    const held = new Map<number, Block>(blocks.entries());
    for (const block of blocks) block.users++;
    const drop = (i: number): void => {
      this.drop(held.get(i)!);
      held.delete(i);
    };
    try {
      for (const [i, launch] of plan.launches.entries()) {
        held.set(launch.fills, await this.launch(launch, held, graph, plan));
        for (const block of plan.unused[i]!) drop(block);
      }
      for (const { op, block, offset } of plan.results) {
        this.place(graph.ops[op]!.out, held.get(block)!, offset);
      }
    } finally {
      for (const i of [...held.keys()]) drop(i);
    }
  }

  /** A copy of what a storage holds. */
  async numbersOf({ content, size }: GpuStorage): Promise<Float32Array> {
    switch (content.kind) {
      case "constant":
        return new Float32Array(size).fill(content.value);
      case "host":
        return content.numbers.slice();
      case "failed":
        throw content.error;
      case "recorded":
        return fail({ where: "read", expected: "a tensor that was computed", got: "another" });
    }
    const { block, offset, written } = content;
    if (written) return written.slice();
    this.device.check();
    const all = Float32Array.from(await block.handle.toArray());
    this.device.check();
    return all.length === size ? all : all.slice(offset, offset + size);
  }

  /** Gives back the memory of a storage that neither the program nor a recorded op needs. */
  tidy(storage: GpuStorage): void {
    if (storage.users === 0 && storage.readers === 0) this.empty(storage);
  }

  /** What a failure means: where the device was lost in its course, that. */
  async reasonOf(error: unknown): Promise<unknown> {
    if (error instanceof EvenkeelError) return error;
    const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE));
    await Promise.race([this.device.lost, patience]);
    try {
      this.device.check();
      return error;
    } catch (lost) {
      return lost;
    }
  }

  private async launch(
    { text, size, blocks, scalars }: Launch,
    held: ReadonlyMap<number, Block>,
    graph: Graph,
    plan: GraphPlan,
  ): Promise<Block> {
    const arrays = blocks.map((b) => held.get(b)!);
    const numbers = scalars.map((ref) => scalarOf(ref, graph, plan));
    this.launches++;
    return this.hold(await this.device.run(text, size, arrays, numbers), size);
  }

  /**
   * Moves what was written to the device, all small arrays in one block, so that kernels can read many of
   * them; a constant stays one.
   */
  private async settle(givens: readonly GpuStorage[]): Promise<void> {
    const small: GpuStorage[] = [];
    for (const storage of givens) {
      const { content, size } = storage;
      if (content.kind === "failed") throw content.error;
      if (content.kind !== "host" || size === 0) continue;
      if (size <= SMALL) small.push(storage);
      else await this.upload([storage]);
    }
    if (small.length > 0) await this.upload(small);
  }

  private async upload(storages: readonly GpuStorage[]): Promise<void> {
    const numbers = storages.map(({ content }) => (content as Host).numbers);
    const size = numbers.reduce((sum, { length }) => sum + length, 0);
    const all = new Float32Array(size);
    let offset = 0;
    const offsets = numbers.map((own) => {
      all.set(own, offset);
      offset += own.length;
      return offset - own.length;
    });
    const block = this.hold(await this.device.upload(all), size);
    for (const [i, storage] of storages.entries()) {
      this.place(storage, block, offsets[i]!, numbers[i]!);
    }
    this.drop(block);
  }

  private place(storage: GpuStorage, block: Block, offset: number, written?: Float32Array): void {
    block.users++;
    this.empty(storage);
    storage.content = { kind: "block", block, offset, ...(written && { written }) };
    this.abandoned.register(storage, block, storage);
    this.tidy(storage);
  }

  private planFor(graph: Graph, blocks: readonly Block[]): GraphPlan {
    const structure = structureOf(graph, blocks);
    const { key } = structure;
    let plan = this.planned.get(key);
    if (!plan) {
      plan = planGraph(graph, structure, blocks);
      this.plans++;
    }
    this.planned.delete(key);
    this.planned.set(key, plan);
    if (this.planned.size > MOST_PLANS) this.planned.delete(this.planned.keys().next().value!);
    return plan;
  }

  private empty(storage: GpuStorage): void {
    const { content } = storage;
    if (content.kind !== "block") return;
    storage.content = { kind: "recorded" };
    this.abandoned.unregister(storage);
    this.drop(content.block);
  }

  private hold(handle: Handle, size: number): Block {
    this.buffers++;
    this.bytes += 4 * size;
    return { handle, size, users: 1 };
  }

  private drop(block: Block): void {
    if (--block.users > 0) return;
    this.buffers--;
    this.bytes -= 4 * block.size;
    block.handle.delete();
  }
}

function scalarOf(ref: ScalarRef, graph: Graph, plan: GraphPlan): number {
  if ("input" in ref) {
    const { content } = graph.givens[ref.input]!;
    return content.kind === "constant" ? content.value : Number.NaN;
  }
  const { op, params } = graph.ops[plan.opOf.get(ref.node)!]!;
  return op.scalars!(params)[ref.k]!;
}
