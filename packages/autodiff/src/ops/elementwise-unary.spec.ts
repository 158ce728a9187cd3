import { opSuite } from "@evenkeel/testkit";
import { unaryCases } from "@evenkeel/testkit/op-cases";
import { describe, test } from "vitest";

for (const op of unaryCases) {
  describe(op.name, () => {
    for (const { name, run } of opSuite(op)) test(name, run);
  });
}
