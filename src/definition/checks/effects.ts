/** Limits that several steps share, and compensations that would never run. */
import { quote } from '../describe.ts';
import type { Step } from '../definition.ts';
import type { Session } from '../session.ts';
import { chainOf, type Node, type Tree } from './tree.ts';

export function checkEffects(tree: Tree, session: Session): void {
  checkLimits('concurrency', concurrencyOf, tree, session);
  checkLimits('rateLimit', rateOf, tree, session);
  for (const node of tree.nodes) if (node.step.compensate !== null) checkCompensated(node, session);
}

/** A limit, and how it is shown. */
interface Named {
  readonly name: string;
  readonly shown: string;
}

function concurrencyOf({ concurrencyLimit: limit }: Step): Named | null {
  return limit === null ? null : { name: limit.name, shown: String(limit.limit) };
}

function rateOf({ rateLimit: rate }: Step): Named | null {
  return rate === null ? null : { name: rate.name, shown: `${rate.limit} in ${rate.perMs} ms` };
}

/** Steps that share a name share its limit. */
function checkLimits(field: string, limitOf: (step: Step) => Named | null, tree: Tree, { issues }: Session): void {
  const known = new Map<string, { readonly path: string; readonly shown: string }>();
  for (const { step } of tree.nodes) {
    const limit = limitOf(step);
    if (limit === null) continue;
    const { name, shown } = limit;
    const first = known.get(name);
    if (first === undefined) known.set(name, { path: step.path, shown });
    else if (first.shown !== shown) {
      issues.add(
        'CONFLICTING_LIMITS',
        `${step.path}.${field}`,
        `${field} ${quote(name)} is ${shown} here and ${first.shown} at ${first.path}`,
        { hint: 'give both the same limit, or names of their own' },
      );
    }
  }
}

function checkCompensated(node: Node, { issues }: Session): void {
  const path = `${node.step.path}.compensate`;
  const chain = chainOf(node);
  if (chain.at(-1)?.container.kind === 'onFailure') {
    issues.add('FIELD_MISPLACED', path, 'an onFailure step is never compensated: it runs after all compensations');
  } else if (node.container.kind === 'poll') {
    issues.add('FIELD_MISPLACED', path, 'a poll step is never compensated: it only looks', {
      hint: 'put what is to be undone into a step of its own',
    });
  }
}
