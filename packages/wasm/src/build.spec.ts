import { cpu, matmul, random, type Tensor, useBackend } from "@evenkeel/autodiff";
import { expectClose, sameBits, tolerances } from "@evenkeel/testkit";
import { afterEach, describe, expect, test, vi } from "vitest";
import { wasm } from "./backend.ts";
import { type Build, bytesOf, compile, hasRelaxedSimd } from "./build.ts";
import { START } from "./heap.ts";

afterEach(() => {
  vi.restoreAllMocks();
  useBackend(cpu);
});

const builds: readonly Build[] = [false, true].flatMap((shared) => [
  { relaxed: false, shared },
  { relaxed: true, shared },
]);

describe("a build", () => {
  for (const build of builds.filter(({ relaxed }) => !relaxed || hasRelaxedSimd())) {
    test(`loads over memory of its kind and no other: ${JSON.stringify(build)}`, () => {
      const module = compile(build);
      const over = (shared: boolean): WebAssembly.Instance => {
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_535, shared });
        return new WebAssembly.Instance(module, { env: { memory } });
      };
      expect(Object.keys(over(build.shared).exports)).toContain("matmul");
      expect(() => over(!build.shared)).toThrow(WebAssembly.LinkError);
    });
  }

  test("keeps its constants below the heap", () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_535 });
    new WebAssembly.Instance(compile({ relaxed: false, shared: false }), { env: { memory } });
    const bytes = new Uint8Array(memory.buffer);
    expect(bytes.findLastIndex((byte) => byte !== 0)).toBeGreaterThan(0);
    expect(bytes.findLastIndex((byte) => byte !== 0)).toBeLessThan(START);
  });

  test("with relaxed SIMD exports what the plain one does", () => {
    const [plain, relaxed] = builds.map((b) => WebAssembly.Module.exports(compile(b)));
    expect(relaxed).toEqual(plain);
    expect(bytesOf(builds[0]!)).not.toEqual(bytesOf(builds[1]!));
  });
});

/** Its terms do not fit float32: it shows how multiply-adds round. */
function product(relaxed?: boolean): Tensor {
  useBackend(wasm(relaxed === undefined ? {} : { relaxed }));
  return matmul(random(1).uniform([40, 40]), random(2).uniform([40, 40]));
}

describe("relaxed", () => {
  test("changes nothing but the last bits", () => {
    expectClose("matmul", product(), product(false), tolerances.backends["wasm"]!.output);
    expect(wasm().relaxed).toBe(hasRelaxedSimd());
    expect(wasm({ relaxed: false }).relaxed).toBe(false);
  });

  test("is left where the machine does not have it", () => {
    const plain = product(false);
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    expect(wasm().relaxed).toBe(false);
    expect(sameBits(product(), plain)).toBe(true);
  });
});
