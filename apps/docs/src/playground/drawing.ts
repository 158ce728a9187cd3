/** Calls for `draw` as often as there is something new; it is called ten times a second at most. */
export interface Redrawing {
  ask(): void;
  end(): void;
}

const APART_MS = 100;

/** Slow machines draw less often: drawing takes a third of the page's time at most. */
export function createRedrawing(draw: () => void): Redrawing {
  let timer: number | undefined;
  let frame: number | undefined;
  let next = 0;
  const run = (): void => {
    frame = undefined;
    const start = performance.now();
    draw();
    const took = performance.now() - start;
    next = start + Math.max(APART_MS, 3 * took);
  };
  return {
    ask() {
      if (timer !== undefined || frame !== undefined) return;
      timer = window.setTimeout(
        () => {
          timer = undefined;
          // Hidden pages get no frames, and draw when they are seen again.
          frame = requestAnimationFrame(run);
        },
        Math.max(0, next - performance.now()),
      );
    },
    end() {
      window.clearTimeout(timer);
      if (frame !== undefined) cancelAnimationFrame(frame);
    },
  };
}

/** Later, when the page has nothing better to do. */
export function whenIdle(task: () => void): void {
  if ("requestIdleCallback" in window) window.requestIdleCallback(task, { timeout: 4000 });
  else setTimeout(task, 1000);
}
