import { add, random, type Tensor } from "@evenkeel/autodiff";
import { Identity, Module, norm, ReLU, Sequential } from "@evenkeel/nn";
import { describe, expect, test } from "vitest";
import { plainBatchNorm } from "./plain-batch-norm.reference.ts";
import { watchModules } from "./watch.ts";

const x = random(1).normal([8, 2, 4, 4], { mean: 1 });

describe("watchModules", () => {
  test("shows each module when it has finished, inner ones first", () => {
    const model = new Sequential(new Identity(), new Sequential(new ReLU()));
    const names: string[] = [];
    watchModules(model, x, ({ name }) => names.push(name));
    expect(names).toEqual(["0", "1.0", "1", ""]);
  });

  test("shows what a norm gives before the ReLU that is computed in its pass", () => {
    const model = new Sequential(norm(plainBatchNorm, { numFeatures: 2 }), new ReLU());
    const plain = model.layers[0]!.forward(x).data.slice();
    const found = new Map<string, { lowest: number; data: number[] }>();
    watchModules(model, x, ({ name, output }) => {
      const data = Array.from(output.data);
      found.set(name, { lowest: Math.min(...data), data });
    });
    expect(found.get("0")!.data).toEqual(Array.from(plain));
    expect(found.get("")!.lowest).toBe(0);
  });

  test("leaves running statistics, modes and forwards as they were, also after an error", () => {
    const bn = norm(plainBatchNorm, { numFeatures: 2 });
    bn.pinned = { statistics: "batch" };
    const model = new Sequential(bn, new ReLU());
    const before = model.stateDict();
    const look = (): void => {
      for (const [name, t] of Object.entries(model.stateDict())) {
        expect(t.data, name).toEqual(before[name]!.data);
      }
      expect(bn.pinned).toEqual({ statistics: "batch" });
      expect(Object.hasOwn(bn, "forward") || Object.hasOwn(model, "forward")).toBe(false);
    };
    watchModules(model, x, () => {});
    look();
    const broken = (): never => {
      throw new Error("seen enough");
    };
    expect(() => watchModules(model, x, broken)).toThrow("seen enough");
    look();
    expect(() => watchModules(model, random(1).normal([2, 3, 4, 4]), () => {})).toThrow("channels");
    look();
  });

  test("puts back a forward that a module has for itself", () => {
    const own = (t: Tensor): Tensor => add(t, 1);
    class Mine extends Module {
      override forward: (t: Tensor) => Tensor = own;
    }
    const model = new Mine();
    const outputs: number[] = [];
    watchModules(model, x, ({ output }) => outputs.push(output.data[0]! - x.data[0]!));
    expect(outputs[0]).toBeCloseTo(1, 6);
    expect(model.forward).toBe(own);
  });

  test("hands the condition to every module", () => {
    const seen: unknown[] = [];
    class Curious extends Module {
      override forward(t: Tensor, condition?: unknown): Tensor {
        seen.push(condition);
        return t;
      }
    }
    const model = new Sequential(new Curious(), new Sequential(new Curious()));
    watchModules(model, x, () => {}, { condition: "a domain" });
    expect(seen).toEqual(["a domain", "a domain"]);
  });
});
