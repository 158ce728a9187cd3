import {
  add,
  arange,
  defineOp,
  equal,
  mul,
  type Op,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
} from "@evenkeel/autodiff";

// Cross-entropy of class ids, with p = softmax(z) along the classes:
//
//     loss[n] = (1 − s)·(log Σ eᶻ − z[id]) + s·(log Σ eᶻ − mean z)
//     d loss[n] / dz = p − t,   t = s/K everywhere and 1 − s more at the id
//
// The ids are a tensor of whole numbers: a kernel reads them where z lies.

/** Calls `visit` with each row's place, its largest element and Σ e^(z − largest). */
function eachRow(
  { shape, data }: Tensor,
  visit: (row: number, at: number, largest: number, total: number) => void,
): void {
  const [rows, classes] = shape as readonly [number, number];
  for (let row = 0; row < rows; row++) {
    const at = row * classes;
    let largest = -Infinity;
    for (let i = at; i < at + classes; i++) {
      if (!(data[i]! <= largest) && largest === largest) largest = data[i]!;
    }
    let total = 0;
    for (let i = at; i < at + classes; i++) total += Math.exp(data[i]! - largest);
    visit(row, at, largest, total);
  }
}

/** The loss of each row of logits [N, K] for ids [N]; the parameter is s. */
export const crossEntropyOfIds: Op<number> = defineOp<number>({
  name: "crossEntropy",
  shape: ([z]) => [z![0]!],
  kernel(out, [z, ids], s) {
    const [to, from, classes] = [out.data, z!.data, z!.shape[1]!];
    eachRow(z!, (row, at, largest, total) => {
      const l = Math.log(total) + largest;
      const own = l - from[at + ids!.data[row]!]!;
      let mean = 0;
      for (let i = at; i < at + classes; i++) mean += from[i]! / classes;
      // Not 0 times the mean: a class may be ruled out by −Infinity.
      to[row] = s === 0 ? own : (1 - s) * own + s * (l - mean);
    });
  },
  vjp: (g, _y, [z, ids], s) => [gradient([z!, ids!, g], s), null],
});

/** g·(p − t), of the logits' shape. */
const gradient: Op<number> = defineOp<number>({
  name: "crossEntropyGradient",
  shape: ([z]) => z!,
  kernel(out, [z, ids, g], s) {
    const [to, from, classes] = [out.data, z!.data, z!.shape[1]!];
    eachRow(z!, (row, at, largest, total) => {
      const factor = g!.data[row]!;
      const id = at + ids!.data[row]!;
      for (let i = at; i < at + classes; i++) {
        const t = s / classes + (i === id ? 1 - s : 0);
        to[i] = factor * (Math.exp(from[i]! - largest) / total - t);
      }
    });
  },
  vjp(u, _y, [z, ids, g], s, needs) {
    const p = softmax(z!);
    // d ⟨u, g·p⟩ / dz = g·p·(u − Σ p·u)
    const along = (): Tensor => sub(u, sum(mul(p, u), { axes: 1, keepDims: true }));
    return [
      needs[0] ? mul(mul(column(g!), p), along()) : null,
      null,
      needs[2] ? sum(mul(u, sub(p, targets(z!, ids!, s))), { axes: 1 }) : null,
    ];
  },
});

function column(t: Tensor): Tensor {
  return reshape(t, [t.size, 1]);
}

/** t of the formula, of the shape of z. */
function targets(z: Tensor, ids: Tensor, s: number): Tensor {
  const classes = z.shape[1]!;
  const hit = equal(column(ids), arange(classes, { dtype: z.dtype }));
  return add(mul(1 - s, hit), s / classes);
}
