/** What is judged at the very moment of a call, and of the beginning of an effect: that it may be now. */
import type { MemoryDatabase } from '../../store/memory.ts';
import { endedStatuses } from '../../core/run.ts';
import type { Journal, SeenCall } from './journal.ts';

export function checkCall(journal: Journal, database: MemoryDatabase, call: SeenCall): void {
  const seq = journal.resultOf(call);
  if (seq !== null)
    journal.violate('I4', `${call.key} (attempt ${call.attempt}) was called although event ${seq} holds its result`);
  // What is stored lags behind.
  if (journal.isForgetful) return;
  const run = database.runs.get(call.run);
  const what = `${call.key} (attempt ${call.attempt})`;
  if (run === undefined) return journal.violate('I13', `${what} was called before its run was stored`);
  if (endedStatuses.has(run.status)) journal.violate('I13', `${what} was called although its run is ${run.status}`);
}

/** While a run is paused nothing of it begins; what has begun goes on. */
export function checkBegin(journal: Journal, database: MemoryDatabase, run: string, effect: string): void {
  if (database.runs.get(run)?.status === 'paused' && !journal.isForgetful)
    journal.violate('I13', `${run}:${effect} began while its run is paused`);
}
