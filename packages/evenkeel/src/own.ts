// What the umbrella adds to what it hands on.

export * from "./create-norm.ts";
export * from "./pick-backend.ts";
