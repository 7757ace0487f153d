/** What must hold of all that was said to runs (I1, I3, I9): what was acknowledged happened, once. */
import { advance } from '../../core/advance.ts';
import { WorkflowError } from '../../core/errors.ts';
import { deepEqual } from '../../core/json.ts';
import { planned, type ControlCommand, type Subject } from '../../engine/steer/control-commands.ts';
import { decodeCommand } from '../../engine/steer/inbox-command.ts';
import type { MemoryDatabase } from '../../store/memory.ts';
import type { Journal } from './journal.ts';
import type { Told } from './told.ts';

/** I1: what was acknowledged happened, once; what was refused or never answered at most once. */
export function checkCommands(journal: Journal, database: MemoryDatabase, runs: ReadonlyMap<string, Told>): void {
  for (const { by, kind, run, input, state, left } of journal.commands) {
    // What is told of each run is a command of its own.
    if (kind === 'migration') continue;
    const told = runs.get(run);
    if (kind === 'start' || kind === 'start other') {
      if (state !== 'acknowledged' || journal.isForgetful) continue;
      const first = told?.events[0]?.event;
      // What a schema makes of an input is another.
      const isAny = told?.base.compiled.program.definition.input !== null;
      const isSame = first?.type === 'run.started' && 'v' in first.input && (isAny || deepEqual(first.input.v, input));
      if (!isSame) journal.violate('I1', `the start of run '${run}' was acknowledged, and it is not there`);
      continue;
    }
    const times =
      told?.events.filter(({ event }) => event.type === kind && 'by' in event && event.by === by).length ?? 0;
    if (times > 1) journal.violate('I3', `${by}: ${kind} to run '${run}' was applied ${times} times`);
    if (state !== 'acknowledged' || times > 0 || journal.isForgetful) continue;
    if (left === undefined || told === undefined) {
      journal.violate('I1', `${by}: ${kind} to run '${run}' was acknowledged, and is lost`);
      continue;
    }
    checkDropped(journal, database, told, left, `${by}: ${kind}`);
  }
}

/** Left for its owner, and not applied: the run must have had a reason, about when it was dropped. */
function checkDropped(
  journal: Journal,
  database: MemoryDatabase,
  told: Told,
  { entry, data: text }: { readonly entry: number; readonly data: string },
  what: string,
): void {
  const at = journal.dropped.get(entry);
  if (at === undefined) {
    const waits = database.inbox.has(entry) ? 'still waits' : 'is lost';
    return journal.violate(waits === 'is lost' ? 'I1' : 'I9', `${what} was left for run '${told.id}', and ${waits}`);
  }
  const event = decodeCommand(text);
  if (event === null) return journal.violate('I1', `${what} cannot be read by its owner`);
  const { kernel, outer, compiled } = told.base;
  const states = told.states.slice(Math.max(0, at - 1), at + 10);
  const isRefused = states.some((state) => {
    if (event.type === 'control') return !isPossible({ id: told.id, compiled, state }, event.command);
    const recorded = { seq: state.seq + 1, at: told.events.at(-1)?.at ?? 0, event };
    return 'refused' in advance(kernel, state, recorded, { runId: told.id, ...(outer === null ? {} : { outer }) });
  });
  if (!isRefused)
    journal.violate('I1', `${what} was left for run '${told.id}', which would have taken it, and is lost`);
}

function isPossible(subject: Subject, command: ControlCommand): boolean {
  try {
    planned(subject, command, { hasRuns: () => false, contextAt: () => null }, subject.state.seq + 1);
    return true;
  } catch (error) {
    if (error instanceof WorkflowError) return false;
    throw error;
  }
}
