/** One promise that can be run: by a test runner, a command line or a page. */
export interface Check {
  /** A sentence about behaviour. */
  readonly name: string;
  /** Throws where the promise is broken; a Promise where results lie outside the process, and rejects then. */
  run(): void | Promise<void>;
}
