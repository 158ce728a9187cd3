import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { rolldown } from "rolldown";
import { packagesOf, root, runAsScript, table, type Workspace } from "./workspace.ts";

/** Brotli bytes of everything a package exports, minified; a family's budget is by its tag. */
const budgets: Readonly<Record<string, number>> = {
  "@evenkeel/autodiff": 15_000,
  "@evenkeel/norm-core": 8_800,
  "@evenkeel/nn": 12_000,
  "@evenkeel/testkit": 15_000,
  "@evenkeel/diagnostics": 7_000,
  "@evenkeel/wasm": 60_000,
  "@evenkeel/gpu": 15_000,
  // createNorm and pickBackend.
  evenkeel: 2_000,
  family: 4_000,
  // Seven norms, with their cards.
  "@evenkeel/batch-norm": 6_000,
  "@evenkeel/group-norm": 4_500,
  // Six norms, with their cards.
  "@evenkeel/conditional-norm": 5_000,
  // Seven norms and a method, with their cards, and what runs them over networks.
  "@evenkeel/domain-norm": 7_500,
};

export function budgetOf({ manifest, tags }: Workspace): number {
  const budget = budgets[manifest.name] ?? budgets[tags.find((tag) => tag in budgets) ?? ""];
  if (budget !== undefined) return budget;
  throw new Error(`${manifest.name} has no size budget. Give it one in scripts/size.ts.`);
}

/** Peers and dependencies are counted in their own rows; `entry` is what of the package counts. */
export async function brotliBytes(
  { folder, manifest }: Workspace,
  { base = root, entry = "src/index.ts" }: { readonly base?: string; readonly entry?: string } = {},
): Promise<number> {
  const outside = Object.keys({ ...manifest.peerDependencies, ...manifest.dependencies });
  const bundle = await rolldown({
    input: join(base, folder, entry),
    external: (id) => outside.some((name) => id === name || id.startsWith(`${name}/`)),
    platform: "neutral",
    tsconfig: false,
    logLevel: "warn",
  });
  const { output } = await bundle.generate({ format: "esm", minify: true });
  await bundle.close();
  const code = output.map((chunk) => (chunk.type === "chunk" ? chunk.code : "")).join("");
  return brotliCompressSync(code).length;
}

await runAsScript(import.meta.filename, async () => {
  const rows: (string | number)[][] = [["package", "brotli bytes", "budget"]];
  const complaints: string[] = [];
  for (const workspace of packagesOf()) {
    if (workspace.manifest.private) continue;
    const bytes = await brotliBytes(workspace);
    const budget = budgetOf(workspace);
    rows.push([workspace.manifest.name, bytes, budget]);
    if (bytes <= budget) continue;
    complaints.push(
      `${workspace.manifest.name} takes ${bytes} bytes, ${budget} are allowed. ` +
        "Make it smaller, or raise the budget in scripts/size.ts and say why in the commit.",
    );
  }
  console.log(table(rows));
  if (complaints.length > 0) throw new Error(`\n${complaints.join("\n")}`);
});
