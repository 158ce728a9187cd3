import { availableParallelism } from "node:os";
import { relative } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import { loadDataset } from "../data/load.ts";
import { checkJson, writeJson } from "../json.ts";
import type { CompareResult } from "../report/results.ts";
import { printTable } from "../report/table.ts";
import { printWays } from "../report/ways-table.ts";
import { makeReportFolder, writeReport } from "../report/write.ts";
import { type Plan, plan } from "./plan.ts";
import { runJobs } from "./pool.ts";
import { showProgress } from "./progress.ts";
import { sizesOf } from "./train.ts";

/** The command line of `compare`, already checked. */
export interface CompareOptions {
  readonly data: string;
  readonly label?: "fine" | "coarse";
  readonly domain?: "fine" | "coarse";
  readonly holdoutDomain?: string;
  readonly norms: readonly string[];
  readonly batchSize: readonly number[];
  readonly steps: number;
  readonly seeds: number;
  readonly threads?: number;
  readonly lr: number;
  readonly images?: number;
  readonly json?: string;
  readonly report: string;
}

/** Trains the same network with each norm and batch size, shows a table and writes the report. */
export async function compare(options: CompareOptions): Promise<CompareResult> {
  const start = performance.now();
  checkOutputs(options);
  const data = load(options);
  const batchSizes = [...new Set(options.batchSize)].sort((a, b) => a - b);
  const planned = plan({
    ...options,
    batchSizes,
    ...sizesOf(data),
    trainCount: data.train.count,
  });
  const { jobs } = planned;
  const threads = Math.min(options.threads ?? availableParallelism(), Math.max(1, jobs.length));
  console.log(describe(data, options.norms, planned, threads));
  const runs = await runJobs(
    data,
    jobs,
    threads,
    showProgress(jobs, process.stdout.isTTY === true),
  );
  const result: CompareResult = {
    dataset: facts(data),
    steps: planned.steps,
    seeds: planned.seeds,
    norms: options.norms,
    batchSizes,
    runs,
    threads,
    seconds: (performance.now() - start) / 1000,
    skipped: planned.skipped,
  };
  console.log(`\n${printTable(result)}\n`);
  if (data.heldOut !== undefined) console.log(`${printWays(result, data.heldOut)}\n`);
  if (options.json !== undefined) writeJson(options.json, result);
  const path = writeReport(result, options.report);
  console.log(`${result.seconds.toFixed(0)} s. Report: ${relative(process.cwd(), path)}`);
  return result;
}

function facts({ name, shape, classes, train, test, heldOut }: Dataset): CompareResult["dataset"] {
  const counts = { trainCount: train.count, testCount: test.count };
  return { name, shape, classes, ...counts, ...(heldOut !== undefined && { heldOut }) };
}

function load({ data, label, domain, holdoutDomain, images }: CompareOptions): Dataset {
  return loadDataset(data, {
    ...(holdoutDomain !== undefined && { holdoutDomain }),
    ...(label && { label }),
    ...(domain && { domain }),
    ...(images !== undefined && { train: images }),
  });
}

function describe(
  { name, train, test, shape, classes, domains, heldOut }: Dataset,
  norms: readonly string[],
  { jobs, seeds, steps }: Plan,
  threads: number,
): string {
  const trained = Object.entries(steps).map(([size, n]) => `${n} steps of ${size}`);
  const unseen =
    heldOut === undefined ? "" : `, trained on ${domains.join(", ")} and tested on ${heldOut}`;
  return (
    `${name}: ${train.count} training and ${test.count} test images of ${shape.join("×")}, ` +
    `${classes.length} classes${unseen}\n${norms.length} norms, ${seeds.length} seeds, ${trained.join(", ")}: ` +
    `${jobs.length} runs on ${threads} threads`
  );
}

/** Complains about paths that cannot be written before the networks are trained, not after. */
function checkOutputs({ report, json }: CompareOptions): void {
  makeReportFolder(report);
  if (json !== undefined) checkJson(json);
}
