export type { GpuBackend, GpuMemory } from "./backend.ts";
export type { GpuMode } from "./device.ts";
export { type Availability, type GpuOptions, gpu, isAvailable } from "./open.ts";
export { DeviceLostError, RemoteMemoryError } from "./storage.ts";
