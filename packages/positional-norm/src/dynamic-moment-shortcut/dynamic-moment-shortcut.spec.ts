import { broadcastTo, concat, random, transpose } from "@evenkeel/autodiff";
import { expectClose, methodSuite, tolerances } from "@evenkeel/testkit";
import { describe, test } from "vitest";
import { momentShortcut, positionalMoments } from "../moment-shortcut/moment-shortcut.ts";
import { dynamicMomentShortcutCase } from "./dynamic-moment-shortcut.case.ts";
import { dynamicMomentShortcut } from "./dynamic-moment-shortcut.ts";

describe("dynamicMomentShortcut", () => {
  for (const { name, run } of methodSuite(dynamicMomentShortcutCase)) test(name, run);

  const x = random(1).normal([2, 3, 4, 2], { dtype: "float64" });
  const moments = positionalMoments(x);

  test("is the moment shortcut where the network repeats the moments", () => {
    const repeat = dynamicMomentShortcut(x, moments, () =>
      concat([broadcastTo(moments.mean, x.shape), broadcastTo(moments.std, x.shape)], 1),
    );
    expectClose("y", repeat, momentShortcut(x, moments), tolerances.reference);
  });

  test("takes channels on another axis", () => {
    const last = transpose(x, [0, 2, 3, 1]);
    const given = positionalMoments(last, { channelAxis: 3 });
    const twice = concat([x, x], 1);
    const got = dynamicMomentShortcut(last, given, () => transpose(twice, [0, 2, 3, 1]), {
      channelAxis: 3,
    });
    const expected = dynamicMomentShortcut(x, moments, () => twice);
    expectClose("y", transpose(got, [0, 3, 1, 2]), expected, tolerances.reference);
  });
});
