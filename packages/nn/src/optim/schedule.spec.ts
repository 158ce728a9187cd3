import { tensor, ValueError } from "@evenkeel/autodiff";
import { describe, expect, it } from "vitest";
import { clipGradNorm, clipGradValue } from "./clip.ts";
import { cosineSchedule, stepSchedule, warmup } from "./schedule.ts";

describe("schedules", () => {
  it("cosine goes from 1 to the final factor and stays there", () => {
    const schedule = cosineSchedule({ steps: 10, final: 0.2 });
    expect([0, 5, 10, 13].map(schedule)).toEqual(
      [1, 0.6, 0.2, 0.2].map((f) => expect.closeTo(f, 12)),
    );
  });

  it("step falls again and again, or at milestones", () => {
    const again = stepSchedule({ every: 3, gamma: 0.5 });
    expect([0, 2, 3, 5, 6].map(again)).toEqual([1, 1, 0.5, 0.5, 0.25]);
    const listed = stepSchedule({ every: [2, 5], gamma: 0.5 });
    expect([1, 2, 4, 5, 99].map(listed)).toEqual([1, 0.5, 0.5, 0.25, 0.25]);
  });

  it("warmup climbs to the schedule's first factor and then follows it from its own start", () => {
    const schedule = warmup(stepSchedule({ every: 2, gamma: 0.5 }), { steps: 4, start: 0.5 });
    expect([0, 2, 4, 5, 6].map(schedule)).toEqual([0.5, 0.75, 1, 1, 0.5]);
    expect(warmup(undefined, { steps: 2 })(7)).toBe(1);
  });

  it("refuse illegal options", () => {
    expect(() => cosineSchedule({ steps: 0 })).toThrow("cosineSchedule steps");
    expect(() => stepSchedule({ every: [0] })).toThrow("stepSchedule every");
    expect(() => warmup(undefined, { step: 3 } as unknown as { steps: number })).toThrow(
      "Did you mean steps?",
    );
  });
});

describe("clipping", () => {
  const grads = { a: tensor([3, 0]), b: tensor([[-4]]) };

  it("scales all gradients by one factor down to the norm", () => {
    const { grads: clipped, norm } = clipGradNorm(grads, 1);
    expect(norm.item()).toBe(5);
    expect([...clipped["a"]!.data, ...clipped["b"]!.data]).toEqual(
      [0.6, 0, -0.8].map((g) => expect.closeTo(g, 6)),
    );
  });

  it("leaves shorter gradients exactly as they are", () => {
    const { grads: clipped, norm } = clipGradNorm(grads, 6);
    expect(clipped["a"]!.data).toEqual(grads.a.data);
    expect(norm.item()).toBe(5);
  });

  it("by value moves each element into the range", () => {
    const clipped = clipGradValue(grads, 1);
    expect([...clipped["a"]!.data, ...clipped["b"]!.data]).toEqual([1, 0, -1]);
  });

  it("names the gradient that is not finite", () => {
    expect(() => clipGradNorm({ a: tensor([1]), b: tensor([0, Infinity]) }, 1)).toThrow(ValueError);
    expect(() => clipGradNorm({ a: tensor([1]), b: tensor([0, Infinity]) }, 1)).toThrow(
      "clipGradNorm: expected a finite gradient of b, got Infinity at element 1.",
    );
    expect(() => clipGradNorm(grads, 0)).toThrow("expected a number > 0, got 0");
  });
});
