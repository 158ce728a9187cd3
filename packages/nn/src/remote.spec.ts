import {
  add,
  cpu,
  random,
  release,
  scope,
  type Tensor,
  tensor,
  useBackend,
} from "@evenkeel/autodiff";
import { backendTolerance, expectClose, remoteBackend } from "@evenkeel/testkit";
import { afterEach, describe, expect, it } from "vitest";
import {
  Adam,
  AdamW,
  Conv2d,
  clipGradNorm,
  clipGradValue,
  crossEntropy,
  Dropout,
  Embedding,
  Flatten,
  gradients,
  Linear,
  MaxPool2d,
  type Module,
  type Optimizer,
  ReLU,
  readStateDict,
  type SavedTensor,
  Sequential,
  SGD,
} from "./index.ts";

afterEach(() => useBackend(cpu));

const gradient = backendTolerance("remote").gradient;
const optimizers: Readonly<Record<string, (m: Module) => Optimizer>> = {
  SGD: (m) => new SGD(m, { lr: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-3 }),
  Adam: (m) => new Adam(m, { lr: 0.01, weightDecay: 1e-3 }),
  AdamW: (m) => new AdamW(m, { lr: 0.01 }),
};

function build(): Sequential {
  return new Sequential(
    new Conv2d({ inChannels: 1, outChannels: 3, kernelSize: 3, padding: 1, seed: 1 }),
    new ReLU(),
    new MaxPool2d({ kernelSize: 2 }),
    new Dropout({ p: 0.1, seed: 2 }),
    new Flatten(),
    new Linear({ inFeatures: 27, outFeatures: 2, seed: 3 }),
  );
}

/** A step; the loss is given back to be read, as one number of one step. */
function step(model: Module, optimizer: Optimizer): Tensor {
  return scope(() => {
    const x = random(4).normal([4, 1, 6, 6]);
    const { value, grads } = gradients(model, () => crossEntropy(model.forward(x), [0, 1, 0, 1]));
    optimizer.step(clipGradValue(clipGradNorm(grads, 0.5).grads, 0.2));
    return value;
  });
}

async function losses(model: Module, optimizer: Optimizer, steps: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < steps; i++) {
    const loss = step(model, optimizer);
    found.push(...(await loss.read()));
    release(loss);
  }
  return found;
}

const tensors = (saved: Readonly<Record<string, SavedTensor>>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(saved).map(([name, t]) => [name, tensor(t.data, t)]));

describe("where the backend's memory is not in the process", () => {
  for (const [name, make] of Object.entries(optimizers)) {
    it(`training by ${name} gives the losses of the CPU and keeps no memory`, async () => {
      const plain = build();
      const expected = await losses(plain, make(plain), 4);
      const backend = remoteBackend();
      useBackend(backend);
      const model = build();
      const optimizer = make(model);
      const got = await losses(model, optimizer, 2);
      const { buffers } = backend.memory;
      got.push(...(await losses(model, optimizer, 2)));
      expect(backend.memory.buffers).toBe(buffers);
      useBackend(cpu);
      expectClose("losses", tensor(got), tensor(expected), gradient);
    });

    it(`a model and ${name} are saved, and go on elsewhere`, async () => {
      const backend = remoteBackend();
      useBackend(backend);
      const model = build();
      const optimizer = make(model);
      await losses(model, optimizer, 2);
      const [weights, memory] = await Promise.all([
        readStateDict(model.stateDict()),
        readStateDict(optimizer.stateDict()),
      ]);
      for (const elsewhere of [cpu, remoteBackend()]) {
        useBackend(elsewhere);
        const second = build().eval();
        second.loadStateDict(tensors(weights));
        const further = make(second);
        further.loadStateDict(tensors(memory));
        const expected = build().eval();
        useBackend(cpu);
        expected.loadStateDict(tensors(weights));
        const same = make(expected);
        same.loadStateDict(tensors(memory));
        const wanted = await losses(expected, same, 2);
        useBackend(elsewhere);
        const got = await losses(second, further, 2);
        useBackend(cpu);
        expectClose("losses", tensor(got), tensor(wanted), gradient);
      }
    });
  }

  it("the common norm of gradients is a number to be read", async () => {
    useBackend(remoteBackend());
    const { grads, norm } = clipGradNorm({ a: tensor([3, 0]), b: tensor([[-4]]) }, 1);
    expect([...(await norm.read())]).toEqual([5]);
    expect([...(await grads["a"]!.read()), ...(await grads["b"]!.read())]).toEqual(
      [0.6, 0, -0.8].map((g) => expect.closeTo(g, 6)),
    );
  });

  it("ids in an array are still checked, those of a tensor are not", async () => {
    useBackend(remoteBackend());
    expect(() => crossEntropy(tensor([[1, 2]]), [2])).toThrow("class ids from 0 to 1");
    const table = new Embedding({ numEmbeddings: 3, embeddingDim: 2, seed: 1 });
    const rows = await table.forward(tensor([2, 0])).read();
    const weight = await table.stateDict()["weight"]!.read();
    expect([...rows]).toEqual([...weight.slice(4), ...weight.slice(0, 2)]);
  });
});

describe("readStateDict", () => {
  it("gives copies with shape and dtype, read before anything changes", async () => {
    const model = new Linear({ inFeatures: 2, outFeatures: 1, seed: 1, dtype: "float64" });
    const before = model.weight.value.data.slice();
    const reading = scope(() => readStateDictOf(model));
    model.weight.replace(add(model.weight.value, 1));
    const { weight } = await reading.saved;
    expect(weight).toEqual({ shape: [1, 2], dtype: "float64", data: before });
  });

  it("of tensors that were released is refused", async () => {
    const t = tensor([1]);
    release(t);
    await expect(readStateDict({ t })).rejects.toThrow("released");
  });
});

/** In an object, since a scope takes no promise. */
function readStateDictOf(model: Module): { saved: Promise<Record<string, SavedTensor>> } {
  return { saved: readStateDict(model.stateDict()) };
}
