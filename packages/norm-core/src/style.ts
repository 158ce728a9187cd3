import { fail, ShapeError, showShape, type Tensor } from "@evenkeel/autodiff";
import { checkInput, checkMoreThanOne } from "./check.ts";
import { type Layout, planeSize, samplePlanes, samplesFirst } from "./layout.ts";

/** An input as one plane per sample and channel. */
export interface InstancePlanes {
  readonly x: Tensor;
  readonly layout: Layout;
  /** Puts an output back into the shape that the input had. */
  readonly restore: (output: Tensor) => Tensor;
}

interface Channels {
  readonly numFeatures: number;
  readonly channelAxis: number;
}

/**
 * A content and a style as planes, for norms that give the one the other's statistics. Space may be of
 * different sizes.
 *
 * @param where - The norm, for errors.
 * @param style - As the condition holds it.
 * @throws ShapeError for a missing style, a wrong rank or channel count in either, different numbers of
 *   samples, or planes of one value.
 */
export function stylePlanes(
  where: string,
  x: Tensor,
  style: Tensor | undefined,
  options: Channels,
): { readonly content: InstancePlanes; readonly style: InstancePlanes } {
  const content = instancePlanes(where, x, options);
  const given = instancePlanes(`${where} style`, style ?? refuseNone(where, x), options);
  const { samples } = content.layout;
  if (given.layout.samples === samples) return { content, style: given };
  return fail(
    {
      where: `${where} style`,
      expected: `${samples} samples, as in x`,
      got: String(given.layout.samples),
      hint: "Repeat the style for each sample, or give one each.",
    },
    ShapeError,
  );
}

function instancePlanes(where: string, x: Tensor, options: Channels): InstancePlanes {
  const first = samplesFirst(x, checkInput(where, x, options));
  const layout = samplePlanes(first.x.shape, first.axis);
  checkMoreThanOne(where, x, planeSize(layout), "It needs more than one position.");
  return { ...first, layout };
}

function refuseNone(where: string, x: Tensor): never {
  return fail(
    {
      where: `${where} style`,
      expected: `a tensor with the samples and channels of x, ${showShape(x.shape)}`,
      got: "none",
      hint: "Pass it in the condition.",
    },
    ShapeError,
  );
}
