/** What must hold of a run that was steered, when all is over: the simulator's invariants, and that it was undone. */
import { judge } from '../../../src/testing/simulation/judge.ts';
import type { SteeredWorld } from './world.ts';

export function judgeSteered(world: SteeredWorld): void {
  const { journal, database, broken, workflows, clock, open } = world;
  if (clock.pending > 0) broken.push(`I10: ${clock.pending} timers are left`);
  for (const call of open) broken.push(`I10: nobody waits for ${call} any more, and it was not aborted`);
  judge(journal, database, {
    workflows,
    starts: [],
    answer: () => null,
    fillIn: () => null,
    signals: [],
  });
  for (const { invariant, message } of journal.violations) broken.push(`${invariant}: ${message}`);
  checkCancels(world);
  checkUndone(world);
}

interface Cancels {
  readonly id: string;
  /** Since it went on last, in order: whether a person said so. */
  readonly byPeople: readonly boolean[];
}

function cancelsOf({ database }: SteeredWorld): readonly Cancels[] {
  return [...database.runs].map(([id, { events }]) => {
    const since = events.slice(events.findLastIndex(({ type }) => type === 'run.rebased') + 1);
    const cancels = since.filter(({ type }) => type === 'run.cancelled');
    return { id, byPeople: cancels.map(({ data }) => 'by' in (JSON.parse(data) as object)) };
  });
}

/** A second cancel keeps a run from undoing what it did: that is for people to say. */
function checkCancels(world: SteeredWorld): void {
  for (const { id, byPeople } of cancelsOf(world))
    if (!id.endsWith('/undo') && byPeople.slice(1).includes(false))
      world.broken.push(`I16: ${id} is cancelled by the engine, and was cancelled before`);
}

/** When people told one run to end, and once. */
function checkUndone(world: SteeredWorld): void {
  const { journal, rows, broken } = world;
  const ends = journal.commands.filter(
    ({ kind, state }) => (kind === 'run.cancelled' || kind === 'run.terminated') && state !== 'refused',
  );
  const [end] = ends;
  if (ends.length > 1 || end?.kind === 'run.terminated' || end?.run.endsWith('/undo') === true) return;
  if (cancelsOf(world).some(({ byPeople }) => byPeople.length > 1)) return;
  for (const { id, status, error } of rows)
    if (status !== 'completed' && error?.details?.['compensation'] === 'incomplete')
      broken.push(`I16: ${id} is not undone: ${JSON.stringify(error)}`);
}
