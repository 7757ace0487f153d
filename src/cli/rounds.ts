/** How far the items loops of a run are, as the store tells it. */
import type { Store } from '../core/ports.ts';
import type { StepState } from './view/run-model.ts';

/** Rounds begin in order, so that the newest tells how many began; another loop's may be newer, but hardly so many. */
const newestRounds = 50;

export function roundsOf(store: Store, run: string): (step: string, visit: number) => StepState['rounds'] {
  const known = new Map<string, number>();
  return (step, visit) => {
    const prefix = `${run}/${step}:${visit}/`;
    // Below a round are the run that undoes it and rounds of its own.
    const isRound = ({ id }: { readonly id: string }): boolean =>
      id.startsWith(prefix) && /^\d+$/.test(id.slice(prefix.length));
    const newest = store.listRuns({ parent: run, kind: ['round'], limit: newestRounds });
    const begun = newest.filter(isRound).map(({ id }) => Number(id.slice(prefix.length)) + 1);
    const count = Math.max(known.get(prefix) ?? 0, ...begun);
    if (count === 0) return null;
    known.set(prefix, count);
    const under = store.listRuns({
      parent: run,
      kind: ['round'],
      status: ['pending', 'running', 'paused'],
      limit: 1_000,
    });
    const running = under.filter(isRound).length;
    return { ended: count - running, running };
  };
}
