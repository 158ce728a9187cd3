import { gather, type Tensor } from "@evenkeel/autodiff";
import { evaluation, training } from "@evenkeel/norm-core";
import type { Law } from "@evenkeel/testkit";
import type { DomainCondition, DomainOptions } from "./domains.ts";
import { expectNear } from "./shared.case.ts";

/** What holds for every norm with statistics of each domain. */
export function domainLaws<O extends DomainOptions>(): Law<O, DomainCondition>[] {
  return [
    {
      name: "a batch leaves the statistics of absent domains alone, to the bit",
      modes: [training, { statistics: "running", update: true }],
      holds({ bound, options, mode, x, params, state, condition }) {
        const next = bound.apply(x, params, state, { mode, condition }).state;
        const present = idsOf(condition!, x);
        for (const [name, t] of Object.entries(next)) {
          const before = state[name]!.data;
          t.data.forEach((v, i) => {
            const domain = Math.floor((i * options.numDomains) / t.size);
            if (present.includes(domain) || Object.is(v, before[i])) return;
            throw new Error(`${name} of domain ${domain} went from ${before[i]} to ${v}`);
          });
        }
      },
    },
    {
      name: "samples of several domains in one batch get what each domain's get alone",
      modes: [training, evaluation],
      holds({ bound, mode, x, params, state, condition }) {
        const ids = idsOf(condition!, x);
        const together = bound.apply(x, params, state, { mode, condition });
        let alone = state;
        for (const domain of new Set(ids)) {
          const rows = [...ids.keys()].filter((n) => ids[n] === domain);
          const part = bound.apply(gather(x, rows), params, alone, { mode, condition: { domain } });
          expectNear(gather(together.output, rows).data, part.output.data);
          alone = part.state;
        }
        for (const [name, t] of Object.entries(alone))
          expectNear(together.state[name]!.data, t.data);
      },
    },
    {
      name: "one id for the batch means that id for every sample",
      holds({ bound, mode, x, params, state }) {
        const apply = (domain: DomainCondition["domain"]): Tensor =>
          bound.apply(x, params, state, { mode, condition: { domain } }).output;
        expectNear(apply(new Int32Array(x.shape[0]!)).data, apply(0).data);
      },
    },
  ];
}

function idsOf({ domain }: DomainCondition, x: Tensor): readonly number[] {
  return typeof domain === "number" ? Array<number>(x.shape[0]!).fill(domain) : [...domain];
}
