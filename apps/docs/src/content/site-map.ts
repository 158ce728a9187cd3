import { posix } from "node:path";
import { filesOf } from "./files.ts";

/** A Markdown file of the repository and where the site shows it. */
export interface Place {
  readonly path: string;
  readonly slug: string;
  /** A program that the page ends with. */
  readonly example?: string;
}

/** The order in which a newcomer needs them; what is not named comes after. */
const order = [
  "getting-started",
  "which-norm",
  "core-in-an-hour",
  "write-your-own-norm",
  "backends",
  "freezing",
  "from-pytorch",
  "from-keras",
  "from-tfjs",
  "from-jax-js",
  "errors",
  "benchmarks",
  "numerical-contract",
];

export function guides(): readonly Place[] {
  const written = filesOf("docs/guides/*.md").map((path) => {
    return { path, slug: `guides/${posix.basename(path, ".md")}` };
  });
  const all = [...written, { path: "docs/core-in-an-hour.md", slug: "core-in-an-hour" }];
  const rank = ({ slug }: Place): number => {
    const at = order.indexOf(posix.basename(slug));
    return at < 0 ? order.length : at;
  };
  return all.sort((a, b) => rank(a) - rank(b));
}

/** How it is made, and how fast it is. */
export function internals(): readonly Place[] {
  return ["architecture", "benchmarks"].map((slug) => ({ path: `docs/${slug}.md`, slug }));
}

/** What looks into a network: measurements, not norms. */
export function instruments(): readonly Place[] {
  return filesOf("packages/diagnostics/src/*/*.md").map((path) => ({
    path,
    slug: `diagnostics/${posix.basename(path, ".md")}`,
    example: path.replace(/md$/, "example.ts"),
  }));
}

export function places(): readonly Place[] {
  return [...guides(), ...internals(), ...instruments()];
}
