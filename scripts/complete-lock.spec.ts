import { expect, test } from "vitest";
import { missingEntries } from "./complete-lock.ts";

test("binaries of other platforms that a lockfile lacks are added with their platform", () => {
  const packages = {
    "": {},
    "node_modules/tool": {
      version: "1.2.0",
      dev: true,
      optionalDependencies: {
        "@tool/linux-x64": "1.2.0",
        "@tool/darwin-arm64": "1.2.0",
        "@tool/win32-x64": "1.2.0",
        helper: "2.0.0",
        "range-linux": "^1.0.0",
      },
    },
    "node_modules/@tool/linux-x64": { version: "1.2.0" },
    "node_modules/@tool/win32-x64": { version: "1.1.0" },
  };
  expect(missingEntries(packages)).toEqual({
    "node_modules/@tool/darwin-arm64": {
      version: "1.2.0",
      os: ["darwin"],
      cpu: ["arm64"],
      dev: true,
      optional: true,
    },
    "node_modules/tool/node_modules/@tool/win32-x64": {
      version: "1.2.0",
      os: ["win32"],
      cpu: ["x64"],
      dev: true,
      optional: true,
    },
  });
});
