import { concat, gather, type Tensor, tensor } from "@evenkeel/autodiff";
import {
  type Activation,
  type Applied,
  affineOf,
  affinePlanes,
  applyBranch,
  type BatchOptions,
  branchRow,
  checkInput,
  countSamples,
  hasRunning,
  type Initial,
  lookup,
  type Mode,
  type Moments,
  merge,
  momentsOfPlanes,
  normalizeBatch,
  normalizePlanes,
  planeSize,
  runningMap,
  samplePlanes,
  samplesFirst,
  standardMap,
  statisticsDType,
  type Tensors,
  training,
  unbiasedVariance,
  updateRunning,
  variance,
} from "@evenkeel/norm-core";
import { checkCollected, checkDomains, checkGroups } from "./check.ts";

/** What a norm with statistics of each domain must be told about a batch. */
export interface DomainCondition {
  /** Where the samples come from, ids from 0: one for the whole batch, or one for each sample. */
  readonly domain: number | readonly number[] | Int32Array;
}

/** Options of a norm with statistics of each domain. */
export interface DomainOptions extends BatchOptions {
  /** How many domains there are. */
  readonly numDomains: number;
}

interface DomainCall {
  readonly options: Required<DomainOptions>;
  readonly condition: DomainCondition | undefined;
  readonly mode: Mode;
  readonly activation: Activation | undefined;
}

/**
 * Batch norm of each domain's samples by themselves. Parameters [numDomains, numFeatures] are looked up by
 * domain, parameters [numFeatures] are shared. Domains that are absent keep their state to the bit.
 */
export function normalizeDomains(
  where: string,
  x: Tensor,
  { params, state }: Initial,
  call: DomainCall,
): Applied {
  const { options, condition, mode, activation } = call;
  const samples = countSamples(where, x, options);
  const ids = checkDomains(where, condition?.domain, { samples, numDomains: options.numDomains });
  const present = [...new Set(ids)].sort((a, b) => a - b);
  if (mode.statistics === "running") checkCollected(where, state, present);
  if (present.length > 1) return normalizeMixed(where, x, { params, state }, { ...call, ids });
  const branch = present[0]!;
  const affine = eachEntry(affineOf(params), (t) => (t.rank > 1 ? branchRow(t, branch) : t));
  return applyBranch(where, state, { branch, mode }, (own) =>
    normalizeBatch(where, x, affine, { state: own, options, mode, activation }),
  );
}

/** The samples of one domain in a batch. */
interface Group {
  readonly domain: number;
  /** 1 for each sample of it, 0 for the others: [samples, 1]. */
  readonly members: Tensor;
}

/** Several domains in one batch: a plane for each sample, merged by domain. The big passes stay four. */
function normalizeMixed(
  where: string,
  x: Tensor,
  { params, state }: Initial,
  { options, mode, activation, ids }: DomainCall & { readonly ids: readonly number[] },
): Applied {
  const first = samplesFirst(x, checkInput(where, x, options));
  const layout = samplePlanes(first.x.shape, first.axis);
  const affine = eachEntry(affineOf(params), (t) => (t.rank > 1 ? lookup(t, ids) : t));
  const groups = groupsOf(ids, x);
  const byRunning = mode.statistics === "running" && hasRunning(state);
  if (!byRunning || mode.update) checkGroups(where, x, ids, planeSize(layout));
  const next = (parts: readonly Moments[]): Tensors =>
    mode.update ? updated(where, state, groups, parts, options) : state;
  const partsOf = (planes: Moments): Moments[] =>
    groups.map(({ members }) => merge(planes, { axes: 0, weights: members }));
  if (byRunning) {
    const own = eachEntry(state, (t) => (t.rank > 1 ? gather(t, ids) : t));
    const map = runningMap(where, own, options.eps, affine, statisticsDType(x));
    const output = first.restore(affinePlanes(first.x, map, { layout, activation }));
    return { output, state: mode.update ? next(partsOf(momentsOfPlanes(first.x, layout))) : state };
  }
  const place = ids.map((id) => groups.findIndex(({ domain }) => domain === id));
  const { output, aux } = normalizePlanes(
    first.x,
    affine,
    (planes, given) => {
      const parts = partsOf(planes);
      const spread = (of: (m: Moments) => Tensor): Tensor =>
        gather(concat(parts.map(of), 0), place);
      const map = standardMap(
        spread((m) => m.mean),
        spread(variance),
        options.eps,
        given,
      );
      return { ...map, aux: parts };
    },
    { layout, activation },
  );
  return { output: first.restore(output), state: next(aux) };
}

function groupsOf(ids: readonly number[], x: Tensor): readonly Group[] {
  const dtype = statisticsDType(x);
  return [...new Set(ids)].map((domain) => ({
    domain,
    members: tensor(
      ids.map((id) => (id === domain ? 1 : 0)),
      { shape: [ids.length, 1], dtype },
    ),
  }));
}

/** The state after each group's batch; those of absent domains stay as they are. */
function updated(
  where: string,
  state: Tensors,
  groups: readonly Group[],
  parts: readonly Moments[],
  { momentum, unbiasedRunningVar }: Required<BatchOptions>,
): Tensors {
  if (!hasRunning(state)) return state;
  return groups.reduce((before, { domain }, i) => {
    const { mean } = parts[i]!;
    const spread = unbiasedRunningVar ? unbiasedVariance(parts[i]!) : variance(parts[i]!);
    const run = (own: Tensors): Applied => ({
      output: mean,
      state: updateRunning(where, own, { mean, variance: spread }, momentum),
    });
    return applyBranch(where, before, { branch: domain, mode: training }, run).state;
  }, state);
}

function eachEntry(tensors: Tensors, f: (t: Tensor) => Tensor): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, f(t)]));
}
