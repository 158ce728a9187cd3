import { describe, expect, test } from "vitest";
import { bytes, shape, threeDigits } from "./figures.ts";
import { parseMarkdown } from "./files.ts";
import { racesOf } from "./races.ts";
import { headingsIn, sectionsOf, withoutCitation } from "./sections.ts";
import { guides, places } from "./site-map.ts";

describe("a Markdown file", () => {
  test("has its title, its first paragraph as plain text, and the rest", () => {
    const text = "# `a` norm\n\nIt does [this](b.md), *so*:\n\n    y = x\n";
    expect(parseMarkdown("a.md", text)).toEqual({
      path: "a.md",
      title: "a norm",
      description: "It does this, so.",
      body: "It does [this](b.md), *so*:\n\n    y = x\n",
    });
  });

  test("without a title is an error that names it", () => {
    expect(() => parseMarkdown("a.md", "text")).toThrow(
      'a.md has no title. Begin it with a line "# Title".',
    );
  });
});

describe("a page in sections", () => {
  const html = '<p>intro</p><h2 id="a">A</h2><p>x</p><h3 id="b">B</h3><h2 id="c">C</h2><p>y</p>';

  test("is cut before every heading of level 2", () => {
    const { intro, sections } = sectionsOf(html);
    expect(intro).toBe("<p>intro</p>");
    expect(sections).toHaveLength(2);
    expect(intro + sections.join("")).toBe(html);
  });

  test("knows the headings of a section", () => {
    const heading = (slug: string) => ({ depth: 2, slug, text: slug });
    const found = headingsIn(sectionsOf(html).sections[0]!, ["a", "b", "c"].map(heading));
    expect(found.map(({ slug }) => slug)).toEqual(["a", "b"]);
  });

  test("loses the citation at its end, and nothing else", () => {
    const cited = `${html}<p>Wu and He, <em>Group\nNormalization</em>, 2018.</p>`;
    expect(withoutCitation(cited, "Group Normalization")).toBe(html);
    expect(withoutCitation(html, "Group Normalization")).toBe(html);
  });
});

describe("figures", () => {
  test("have three digits", () => {
    expect([0.49918, 12.05, 1431.9].map(threeDigits)).toEqual(["0.499", "12.1", "1432"]);
  });

  test("sizes and shapes are written as people do", () => {
    expect([bytes(653), bytes(16_934), shape("16x64x32x32")]).toEqual([
      "653 B",
      "16.9 kB",
      "[16, 64, 32, 32]",
    ]);
  });
});

describe("races", () => {
  const row = (engine: string, medianMs: number | null, threads = 1) => ({
    suite: "norm",
    case: "batchNorm 16x64x32x32",
    engine,
    threads,
    medianMs,
  });

  test("show the fastest of a library on one thread, and who was not timed", () => {
    const results = [
      row("evenkeel", 2),
      row("evenkeel", 1, 2),
      row("evenkeel-cpu", 1),
      row("jax-js", 20),
      row("jax-js-tuned", 12),
    ];
    expect(racesOf(results)[0]?.runners).toEqual([
      { name: "Evenkeel", ms: 2 },
      { name: "PyTorch" },
      { name: "jax-js", ms: 12 },
      { name: "TensorFlow.js" },
    ]);
  });
});

describe("the map of the site", () => {
  test("begins with getting started, and no two pages have one address", () => {
    expect(guides()[0]?.slug).toBe("guides/getting-started");
    const slugs = places().map(({ slug }) => slug);
    expect(new Set(slugs).size).toBe(slugs.length);
  });
});
