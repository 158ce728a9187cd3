import { OptionError, refuse, show } from "./error.ts";

export type DType = "float32" | "float64";
export type TypedArray = Float32Array | Float64Array;

export function checkDType(where: string, dtype: DType): void {
  if (dtype === "float32" || dtype === "float64") return;
  refuse(OptionError, where, 'dtype "float32" or "float64"', show(dtype));
}

export function arrayOf(dtype: DType, size: number): TypedArray {
  return dtype === "float64" ? new Float64Array(size) : new Float32Array(size);
}
