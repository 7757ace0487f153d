/** What is judged at the very moment of a call: that it may be made now. */
import type { MemoryDatabase } from '../../store/memory.ts';
import { endedStatuses } from '../../core/run.ts';
import type { Journal, SeenCall } from './journal.ts';

export function checkCall(journal: Journal, database: MemoryDatabase, call: SeenCall): void {
  const run = database.runs.get(call.run);
  const what = `${call.key} (attempt ${call.attempt})`;
  if (run === undefined) return journal.violate('I13', `${what} was called before its run was stored`);
  const isRepair = /:r\d+$/.test(call.key);
  if (endedStatuses.has(run.status)) journal.violate('I13', `${what} was called although its run is ${run.status}`);
  if (run.status === 'paused' && !isRepair) journal.violate('I13', `${what} was called while its run is paused`);
  const seq = journal.resultOf(call);
  if (seq !== null) journal.violate('I4', `${what} was called although event ${seq} holds its result`);
}
