import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createServer, defaultClientConditions } from "vite";

// Serves the page that measures GPUs: npm run bench:page -- --port 5174

const { values } = parseArgs({ options: { port: { type: "string", default: "5174" } } });

const server = await createServer({
  configFile: false,
  root: fileURLToPath(new URL(".", import.meta.url)),
  resolve: { conditions: ["@evenkeel/source", ...defaultClientConditions] },
  server: {
    port: Number(values.port),
    // Without these WebAssembly has no threads.
    headers: {
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    },
    // Nothing else runs while the page measures.
    hmr: false,
    watch: null,
  },
  // Found only when an engine starts, they would be prepared then, and the page loaded again.
  optimizeDeps: {
    include: [
      "@jax-js/jax",
      "@tensorflow/tfjs-backend-webgl",
      "@tensorflow/tfjs-core",
      "@tensorflow/tfjs-core/dist/register_all_gradients.js",
      "fast-check",
      "gpu.js",
    ],
  },
});
await server.listen();
server.printUrls();
