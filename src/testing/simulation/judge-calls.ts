/** What must hold of all calls (I4): after the commit of what they follow from, and repeated with the same key only. */
import { callKey, type Journal } from './journal.ts';
import type { Told } from './told.ts';

/** I4: an effect is started after the commit of what it follows from, and repeated with the same key only. */
export function checkCalls(journal: Journal, runs: ReadonlyMap<string, Told>): void {
  const keys = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const call of journal.calls) {
    const begun = runs.get(call.run)?.begun.get(callKey(call));
    const what = `${call.key} (attempt ${call.attempt})`;
    if (!journal.isForgetful && (begun === undefined || begun > call.committed))
      journal.violate(
        'I4',
        `${what} was called when ${call.committed} events were committed; it begins with event ${begun ?? 'none'}`,
      );
    const of = `${call.run}|${call.step}|${call.visit}`;
    const key = call.key.replace(/:r\d+$/, '');
    if ((keys.get(of) ?? key) !== key)
      journal.violate('I4', `${of} was called with the keys ${keys.get(of)} and ${key}`);
    if ((owners.get(key) ?? of) !== of)
      journal.violate('I4', `the key ${key} was used for ${owners.get(key)} and for ${of}`);
    keys.set(of, key);
    owners.set(key, of);
  }
}

/** I1: a completion of which somebody heard that it was taken is there. */
export function checkCompletions(journal: Journal, runs: ReadonlyMap<string, Told>): void {
  for (const { run, step, visit, attempt } of journal.isForgetful ? [] : journal.completions) {
    const isThere = runs.get(run)?.events.some(({ event }) => {
      const isResult = event.type === 'effect.completed' || event.type === 'effect.failed';
      return isResult && event.effect === step && event.visit === visit && event.attempt === attempt;
    });
    if (isThere !== true)
      journal.violate('I1', `the completion of ${run}:${step}:${visit} (attempt ${attempt}) was taken, and is lost`);
  }
}
