import { mean, random } from "@evenkeel/autodiff";
import { adain } from "@evenkeel/conditional-norm";

// Feature maps of a content and of a style, which may have another size.
const content = random(1).normal([1, 3, 8, 8]);
const style = random(2).normal([1, 3, 5, 6], { mean: 4, std: 0.5 });

const { output } = adain({ numFeatures: 3 }).apply(content, {}, {}, { condition: { style } });
const [got, wanted] = [output, style].map((t) => mean(t, { axes: [2, 3] }).data[0]!);
if (Math.abs(got! - wanted!) > 1e-4) throw new Error(`expected mean ${wanted}, got ${got}`);
console.log("means of output and style", got?.toFixed(4), wanted?.toFixed(4));

// Half the style: between the content and the output above.
const half = adain({ numFeatures: 3, alpha: 0.5 });
const blended = half.apply(content, {}, {}, { condition: { style } }).output;
const between = (content.data[0]! + output.data[0]!) / 2;
if (Math.abs(blended.data[0]! - between) > 1e-4) throw new Error("expected the middle");
console.log("halfway", blended.data[0]?.toFixed(4));
