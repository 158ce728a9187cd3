import { describe, expect, test } from "vitest";
import { referenceLinks, siteLink, siteLinks } from "./links.ts";

const from = "packages/batch-norm/src/batch-norm/batch-norm.md";

describe("links of the repository on the site", () => {
  test.each([
    ["../ghost-batch-norm/ghost-batch-norm.md", "/norms/ghost-batch-norm/"],
    [
      "../../../group-norm/src/group-norm/group-norm.md#when-to-use-it",
      "/norms/group-norm/#when-to-use-it",
    ],
    ["../../../../docs/architecture.md", "/architecture/"],
    ["../../README.md", "/api/batch-norm/"],
    ["../../../nn", "/api/nn/"],
    ["../../../../README.md", "/"],
    [
      "../../../diagnostics/src/bottleneck-rank/bottleneck-rank.md",
      "/diagnostics/bottleneck-rank/",
    ],
    ["https://arxiv.org/abs/1502.03167", "https://arxiv.org/abs/1502.03167"],
    ["#source", "#source"],
  ])("%s is %s", (href, there) => {
    expect(siteLink(href, from)).toBe(there);
  });

  test("what the site does not have is in the repository", () => {
    expect(siteLink("batch-norm.ts", from)).toMatch(
      /^https:\/\/.*\/packages\/batch-norm\/src\/batch-norm\/batch-norm\.ts$/,
    );
  });

  test("code is left alone", () => {
    const code = "```ts\nlist[0](batch-norm.md)\n```\n";
    expect(siteLinks(`${code}[a](../sync-batch-norm/sync-batch-norm.md)\n`, from)).toBe(
      `${code}[a](/norms/sync-batch-norm/)\n`,
    );
  });

  test("pages of the reference are those of packages", () => {
    expect(referenceLinks("[`Card`](norm-core.md#card) [b](nn.md)")).toBe(
      "[`Card`](/api/norm-core/#card) [b](/api/nn/)",
    );
  });
});
