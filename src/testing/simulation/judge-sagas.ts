/** What must hold of what is undone (I16): of a run that failed or was cancelled each visit that did something, once, the newest first. */
import type { Journal } from './journal.ts';
import type { Told } from './told.ts';

export function checkSagas(journal: Journal, runs: ReadonlyMap<string, Told>): void {
  for (const told of runs.values()) {
    checkOnce(journal, told);
    if (told.base.row.kind !== 'round') checkUndone(journal, runs, told);
  }
}

function checkOnce(journal: Journal, { id, lifecycle, events }: Told): void {
  if (isSteered({ events })) return;
  const seen = new Set<string>();
  for (const { seq, event } of lifecycle) {
    if (event.type !== 'step.compensating') continue;
    const what = `${event.step}:${event.visit}:${event.attempt}`;
    if (seen.has(what)) journal.violate('I16', `run '${id}', event ${seq}: ${what} is undone for the second time`);
    seen.add(what);
  }
}

function checkUndone(journal: Journal, runs: ReadonlyMap<string, Told>, told: Told): void {
  const { id, base, lifecycle } = told;
  const { status } = base.row;
  if ((status !== 'failed' && status !== 'cancelled') || isSteered(told) || isCutShort(told)) return;
  const done = doneIn(told);
  const undone = lifecycle.flatMap(({ event }) =>
    event.type === 'step.compensating' ? [`${event.step}:${event.visit}`] : [],
  );
  const forgotten = done.filter((each) => !undone.includes(each));
  if (forgotten.length > 0)
    journal.violate('I16', `run '${id}' is ${status}, and did not undo ${forgotten.join(', ')}`);
  const isSequence = base.compiled.program.steps.every(({ step }) => step.type !== 'parallel');
  const expected = done.toReversed().filter((each) => undone.includes(each));
  const order = undone.filter((each) => done.includes(each));
  if (isSequence && order.join() !== expected.join())
    journal.violate('I16', `run '${id}' undid ${order.join(', ')} and not ${expected.join(', ')}`);
  for (const round of runs.values()) checkRound(journal, runs, told, round);
}

/** A round that did something is undone by a run of its own. */
function checkRound(journal: Journal, runs: ReadonlyMap<string, Told>, { id, lifecycle }: Told, round: Told): void {
  const { row, outer } = round.base;
  if (row.parent !== id || row.kind !== 'round' || outer?.undone !== undefined || isSteered(round)) return;
  const isComplete = lifecycle.some(
    ({ event }) => event.type === 'run.compensated' && event.compensation === 'complete',
  );
  if (!isComplete || doneIn(round).length === 0 || runs.get(`${row.id}/undo`)?.base.row.status === 'completed') return;
  journal.violate('I16', `run '${id}' says that all is undone, and round '${row.id}' is not`);
}

/** `<step>:<visit>` of what can be undone, in the order in which it was done. */
function doneIn({ base, events, states }: Told): readonly string[] {
  const { program } = base.compiled;
  return events.flatMap(({ seq, event }) => {
    // What a pause held when the run was cancelled was not taken.
    if (event.type !== 'effect.completed' || states[seq - 2]?.pause !== null) return [];
    const undoable = program.undoable.get(program.byId.get(event.effect) ?? -1);
    return undoable?.by === 'step' ? [`${event.effect}:${event.visit}`] : [];
  });
}

function isSteered({ events }: Pick<Told, 'events'>): boolean {
  return events.some(({ event }) => event.type === 'run.rebased');
}

/** Somebody ended it without undoing, or while it was undone. */
function isCutShort({ events, lifecycle }: Told): boolean {
  const from = lifecycle.find(({ event }) => event.type === 'run.compensating')?.seq ?? Number.POSITIVE_INFINITY;
  return events.some(
    ({ seq, event }) =>
      event.type === 'run.terminated' || event.type === 'run.aborted' || (event.type === 'run.cancelled' && seq > from),
  );
}
