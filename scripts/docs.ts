import { parseArgs } from "node:util";
import { buildSite, serveSite } from "../apps/docs/scripts/site.ts";
import { writeFacts } from "./docs/facts.ts";
import { runAsScript } from "./workspace.ts";

/** `serve` shows the documentation and follows changes; `build` writes it to apps/docs/dist. */
await runAsScript(import.meta.filename, async (args) => {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { port: { type: "string", default: "4321" } },
  });
  const [command = "serve"] = positionals;
  if (command !== "serve" && command !== "build")
    throw new Error(`docs: expected serve or build, got ${command}.`);
  process.env["ASTRO_TELEMETRY_DISABLED"] = "1";
  const facts = await writeFacts();
  await (command === "build" ? buildSite(facts) : serveSite(facts, Number(values.port)));
});
