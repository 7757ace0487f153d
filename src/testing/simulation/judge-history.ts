/** What must hold of each history by itself (I2, I3, I5, I7, I8): no gap, nothing twice, nothing early, nothing after the end. */
import { statusOf, type RunState } from '../../core/advance.ts';
import type { HistoryEvent } from '../../core/event.ts';
import { endedStatuses } from '../../core/run.ts';
import { inlineValue } from '../../core/stored-value.ts';
import { persistState } from '../../../machines/persist.ts';
import type { MemoryStore } from '../../store/memory.ts';
import { callKey, type Journal } from './journal.ts';
import type { Told } from './told.ts';

export function judgeHistory(journal: Journal, store: MemoryStore, told: Told): void {
  checkLength(journal, store, told);
  checkResults(journal, told);
  checkTimes(journal, told);
  checkEnd(journal, told);
}

/** I1, I2: what was acknowledged is there. */
function checkLength(journal: Journal, store: MemoryStore, { id, events }: Told): void {
  if (events.length !== journal.lengthOf(id))
    journal.violate('I2', `run '${id}' has ${events.length} events, ${journal.lengthOf(id)} were acknowledged`);
  if (store.lastSeq(id) !== events.length)
    journal.violate('I2', `the store counts ${store.lastSeq(id)} events of '${id}'`);
}

/** I3: one result of an attempt, one firing of a timer, one answer to a task; and none that nobody gave. */
function checkResults(journal: Journal, { id, events, states, base }: Told): void {
  const seen = new Set<string>();
  // Of a fork: what it has from the run that it comes from is judged there.
  const own = events.findLastIndex(({ event }) => event.type === 'run.rebased' && event.kind === 'fork');
  for (const { seq, event } of events) {
    if (event.type === 'run.rebased') forget(seen, states[seq - 1]);
    // What a pause held when the run was ended was never taken.
    if (ends.has(event.type))
      for (const held of states[seq - 2]?.pause?.held ?? []) seen.delete(onceKey(held.event) ?? '');
    const key = onceKey(event);
    if (key !== null && seen.has(key)) journal.violate('I3', `run '${id}', event ${seq}: ${key} for the second time`);
    if (key !== null) seen.add(key);
    if (event.type !== 'effect.completed' && event.type !== 'effect.failed') continue;
    const active = states[seq - 2]?.effects.get(event.effect)?.input;
    if (active?.visit !== event.visit || active.attempt !== event.attempt)
      journal.violate('I3', `run '${id}', event ${seq}: ${key ?? ''} was taken, which nobody waited for any more`);
    if (event.type === 'effect.failed' || event.effect.includes('.') || seq <= own) continue;
    const { program } = base.compiled;
    const type = program.steps[program.byId.get(event.effect) ?? -1]?.step.type;
    if (type !== 'agent' && type !== 'http') continue;
    const call = event.cached === true ? event.effect : callKey({ run: id, step: event.effect, ...event });
    const given = journal.answers.get(call);
    const output = event.none === true ? 'undefined' : JSON.stringify(inlineValue(event.output));
    if (given?.has(output) !== true)
      journal.violate(
        'I4',
        `run '${id}', event ${seq}: nobody gave this result of ${event.effect} (attempt ${event.attempt})`,
      );
  }
}

const ends: ReadonlySet<string> = new Set(['run.cancelled', 'run.terminated', 'run.aborted']);

/** A run that goes on anew gives its output once more, and goes once more through the ends of what is around its steps. */
function forget(seen: Set<string>, state: RunState | undefined): void {
  // A loop or a child goes on as the same attempt.
  for (const { id, src, input } of state?.effects.values() ?? [])
    if (src === 'loop' || src === 'workflow')
      seen.delete(`the result of ${id}, visit ${input.visit}, attempt ${input.attempt}`);
  for (const key of seen) if (/^the result of (?:\$run|[^,]*\.)/.test(key)) seen.delete(key);
}

function onceKey(event: HistoryEvent): string | null {
  switch (event.type) {
    case 'effect.completed':
    case 'effect.failed':
      return `the result of ${event.effect}, visit ${event.visit}, attempt ${event.attempt}`;
    case 'timer.fired':
      return `timer ${event.timer} set by ${event.setBy}`;
    case 'task.answered':
      return `the answer to ${event.step}, visit ${event.visit}`;
    case 'run.started':
      return 'its start';
    default:
      return null;
  }
}

/** I8: time does not run backwards, and no timer is early. */
function checkTimes(journal: Journal, { id, events, states }: Told): void {
  let last = 0;
  for (const [index, { seq, at, event }] of events.entries()) {
    if (at < last) journal.violate('I8', `run '${id}', event ${seq}: time runs backwards`);
    last = at;
    if (event.type !== 'timer.fired') continue;
    const timer = states[index - 1]?.timers.get(event.timer);
    if (timer?.setBy !== event.setBy) {
      journal.violate(
        'I3',
        `run '${id}', event ${seq}: timer ${event.timer} of event ${event.setBy} fired, which was not set any more`,
      );
    }
    const due = journal.hasJumped ? 0 : (timer?.dueAt ?? 0);
    if (at < due) journal.violate('I8', `run '${id}', event ${seq}: timer ${event.timer} is ${due - at} ms early`);
  }
}

/** I5, I7: the row says what the history says. */
function checkEnd(journal: Journal, { id, base: { row }, events, states }: Told): void {
  const last = states.at(-1);
  const status = last === undefined ? 'pending' : statusOf(last);
  if (row.status !== status) journal.violate('I5', `run '${id}' is ${row.status}, and by its history ${status}`);
  const isLeft = ({ seq }: RunState): boolean => events[seq]?.event.type !== 'run.rebased';
  const early = states.slice(0, -1).find((state) => endedStatuses.has(statusOf(state)) && isLeft(state));
  if (early !== undefined) journal.violate('I7', `run '${id}' ended at event ${early.seq}, and went on`);
}

/** I5: a checkpoint is what the history leads to. */
export function checkCheckpoints(journal: Journal, runs: ReadonlyMap<string, Told>): void {
  for (const { run, seq, snapshot } of journal.checkpoints) {
    const state = runs.get(run)?.states[seq - 1];
    if (state !== undefined && persistState(state) !== snapshot)
      journal.violate('I5', `the checkpoint of run '${run}' at event ${seq} is not what its history leads to`);
  }
}
