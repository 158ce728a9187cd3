import starlight from "@astrojs/starlight";
import type { AstroUserConfig } from "astro";
import type { Facts } from "./src/content/facts.ts";
import { sidebar } from "./src/content/sidebar.ts";
import { keepExamples } from "./src/runner/keep-examples.ts";

/** Packages resolve each other to their sources: nothing has to be built first. The rest is what Vite has by itself. */
const source = "@evenkeel/source";

/** Errors name classes ("SGD.step: expected …"): they keep their names. */
const named = { output: { keepNames: true } };

/** These make a page cross-origin isolated: threads share memory only then. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** What Astro is told; `facts` say which pages there are. */
export function siteConfig(facts: Facts): AstroUserConfig {
  return {
    root: import.meta.dirname,
    // Where the site is published; only its sitemap and its canonical links name it.
    ...(process.env["DOCS_SITE"] ? { site: process.env["DOCS_SITE"] } : {}),
    trailingSlash: "always",
    server: { headers: isolation },
    devToolbar: { enabled: false },
    integrations: [
      starlight({
        title: "Evenkeel",
        description:
          "Normalization for neural networks in TypeScript, with examples that run in the page.",
        logo: { src: "./src/styles/evenkeel.svg" },
        favicon: "/favicon.svg",
        customCss: [
          "./src/styles/site.css",
          "./src/styles/content.css",
          "./src/styles/home.css",
          "./src/styles/sharing.css",
        ],
        components: {
          Hero: "./src/overrides/Hero.astro",
          MarkdownContent: "./src/overrides/MarkdownContent.astro",
        },
        expressiveCode: {
          themes: ["github-dark", "github-light"],
          styleOverrides: { borderRadius: "0.5rem" },
        },
        lastUpdated: false,
        sidebar: sidebar(facts),
      }),
    ],
    vite: {
      resolve: { conditions: [source, "module", "browser", "development|production"] },
      ssr: { resolve: { conditions: [source, "module", "node", "development|production"] } },
      worker: { format: "es", plugins: () => [keepExamples()], rolldownOptions: named },
      build: { target: "es2022", rolldownOptions: named },
    },
  };
}
