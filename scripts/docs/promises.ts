import { basename, join } from "node:path";
import type { GoldenCase, GoldenFile } from "@evenkeel/testkit";
import type { GoldenFacts, PromiseFacts, TensorFacts } from "../../apps/docs/src/content/facts.ts";
import { cases, methods } from "../../apps/lab/src/norms.ts";
import { filesOf, readJson, root } from "../workspace.ts";

/** What a case says of its variant; a method's has less to say. */
export function promisesOf(id: string, folder: string): PromiseFacts {
  const norm = cases[id];
  const one = norm ?? methods[id];
  if (one === undefined) throw new Error(`${id} has no case. Run npm run generate.`);
  return {
    gradientOrder: orderOf(id),
    equals: norm?.reducesTo?.map(({ name }) => name) ?? [],
    laws: norm?.laws?.map(({ name }) => name) ?? [],
    exceptions: { ...norm?.exceptions },
    errors: [...new Set(norm?.rejects?.map(({ message }) => message) ?? [])],
    golden: goldenOf(id, folder),
  };
}

function orderOf(id: string): number {
  return cases[id]?.gradientOrder ?? methods[id]?.order ?? 3;
}

/** Parameters and state of the usual options at 64 channels; methods have none of their own. */
export function tensorsOf(id: string): readonly TensorFacts[] {
  const one = cases[id];
  const options = one?.options(64, [16, 64, 32, 32])[0];
  if (one === undefined || options === undefined) return [];
  const bound = one.norm(options);
  const { params, state } = bound.init();
  const facts = (tensors: typeof params, kind: TensorFacts["kind"]): TensorFacts[] =>
    Object.entries(tensors).map(([name, { shape }]) => {
      const key = bound.card.keys[name];
      return { name, shape: [...shape], kind, ...(key === undefined ? {} : { key }) };
    });
  return [...facts(params, "parameter"), ...facts(state, "state")];
}

/** The files that a variant is compared with, and how many of their cases it takes. */
function goldenOf(id: string, folder: string): readonly GoldenFacts[] {
  return filesOf(root, `${folder}/golden/*.json`).flatMap((path) => {
    const { method, source, cases: list } = readJson(join(root, path)) as GoldenFile;
    const taken = list.filter((one) => takes(id, method, one)).length;
    return taken === 0 ? [] : [{ file: basename(path), source, cases: taken }];
  });
}

function takes(id: string, method: string, one: GoldenCase): boolean {
  const program = methods[id]?.golden?.find((adapter) => adapter.method === method);
  if (program !== undefined) return program.takes(one.config);
  const adapter = cases[id]?.golden?.find((golden) => golden.method === method);
  const shape = one.steps[0]?.inputs[adapter?.x ?? "x"]?.shape ?? [];
  return adapter?.options(one.config, shape, one) !== undefined;
}
