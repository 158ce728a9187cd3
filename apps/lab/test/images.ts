/** A CIFAR file: each record its label bytes and 3 planes filled with `value`, `value`+1, `value`+2. */
function cifarFile(
  records: readonly { readonly labels: readonly number[]; readonly value: number }[],
): Uint8Array {
  return Buffer.concat(
    records.flatMap(({ labels, value }) => [
      Buffer.from(labels),
      Buffer.alloc(1024, value),
      Buffer.alloc(1024, value + 1),
      Buffer.alloc(1024, value + 2),
    ]),
  );
}

/** CIFAR-10 records with the given labels; record i has the pixel value 10 i. */
export function cifar10File(...labels: number[]): Uint8Array {
  return cifarFile(labels.map((label, i) => ({ labels: [label], value: 10 * i })));
}

/** CIFAR-100 records with the given [coarse, fine] labels; record i has the pixel value i. */
export function cifar100File(...labels: [coarse: number, fine: number][]): Uint8Array {
  return cifarFile(labels.map((pair, i) => ({ labels: pair, value: i })));
}

/** An IDX file of unsigned bytes. */
export function idxFile(dims: readonly number[], data: readonly number[]): Uint8Array {
  const header = Buffer.alloc(4 + 4 * dims.length);
  header.writeUInt32BE(0x0800 + dims.length);
  dims.forEach((dim, axis) => {
    header.writeUInt32BE(dim, 4 + 4 * axis);
  });
  return Buffer.concat([header, Buffer.from(data)]);
}
