import { describe, expect, test } from "vitest";
import { filesOf, readText } from "./files.ts";
import { formulasOf, mathml, typesetFormulas } from "./tex.ts";

const page = `# Norm

Before:

<!-- tex
y &= \\mathrm{weight} \\cdot x
z &= y
-->

    y = weight · x

    z = y

After.
`;

describe("formulas", () => {
  test("the TeX takes the place of the indented text", () => {
    const site = typesetFormulas(page);
    expect(site).toContain('<math xmlns="http://www.w3.org/1998/Math/MathML"');
    expect(site).not.toContain("weight · x");
    expect(site).not.toContain("<!-- tex");
    expect(site).toMatch(/Before:\n\n<div[^\n]*<\/div>\n\nAfter\.\n$/);
  });

  test("text without TeX stays as it is", () => {
    const plain = "Before:\n\n    y = x\n\nAfter.\n";
    expect(typesetFormulas(plain)).toBe(plain);
  });

  test("what is no TeX is an error", () => {
    expect(() => mathml("\\frac{1}")).toThrow();
  });

  for (const path of filesOf("packages/*/src/*/*.md")) {
    test(`${path} has its formula in TeX, and it can be typeset`, () => {
      const text = readText(path);
      expect(formulasOf(text)).not.toEqual([]);
      expect(typesetFormulas(text)).not.toContain("<!-- tex");
    });
  }
});
