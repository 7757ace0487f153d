/** The author's functions as a run knows them: a fingerprint of each, and which are not what they were. */
import { WorkflowError } from '../../core/errors.ts';
import type { Fingerprints } from '../../core/event.ts';
import type { RunRow } from '../../core/run.ts';
import type { RunState } from '../../core/run-state.ts';
import { collectCode } from '../../definition/code.ts';
import type { WorkflowDefinition } from '../../definition/definition.ts';
import type { CompiledWorkflow } from '../../../machines/compiled-workflow.ts';

/** Characters of a fingerprint that are stored: what counts is whether it is the same. */
const length = 16;

const known = new WeakMap<WorkflowDefinition, Fingerprints>();

/** Of all functions that the definition has code for. */
export function fingerprintsOf(definition: WorkflowDefinition): Fingerprints {
  const found = known.get(definition);
  if (found !== undefined) return found;
  const functions = [...collectCode(definition).functions].flatMap(([place, { fingerprint }]) =>
    fingerprint === null ? [] : [[place, fingerprint.slice(0, length)] as const],
  );
  const fingerprints = Object.fromEntries(functions);
  known.set(definition, fingerprints);
  return fingerprints;
}

/** Those that are other than a run knows them, as they are now; null: none is. What is missing is no change: it stops a run. */
export function changedFunctions(before: Fingerprints, definition: WorkflowDefinition): Fingerprints | null {
  const now = fingerprintsOf(definition);
  const changed = Object.keys(before).filter((place) => (now[place] ?? before[place]) !== before[place]);
  return changed.length === 0 ? null : Object.fromEntries(changed.map((place) => [place, now[place] ?? '']));
}

/** A run as it is loaded. */
interface KnownRun {
  readonly row: RunRow | null;
  readonly compiled: CompiledWorkflow;
  readonly state: RunState;
}

/**
 * @param around a run by its id: a round knows no functions, those of the run around it count
 * @throws WorkflowError FUNCTION_CHANGED
 */
export function checkFunctions({ row, compiled, state }: KnownRun, around: (id: string) => KnownRun): void {
  if (row?.kind === 'round' && row.parent !== null) {
    checkFunctions(around(row.parent), around);
    return;
  }
  const { definition } = compiled.program;
  const changed = changedFunctions(state.functions, definition);
  if (changed !== null) throw functionsChanged(row?.id ?? '', definition, changed);
}

function functionsChanged(run: string, { name, version }: WorkflowDefinition, changed: Fingerprints): Error {
  const places = Object.keys(changed);
  const one = places.length === 1;
  return new WorkflowError(
    'FUNCTION_CHANGED',
    `run '${run}' is left as it is: the code of ${places.join(', ')} in workflow '${name}' is not what the run was started with (option functions: 'strict'). ` +
      `Give the workflow with the changed ${one ? 'function' : 'functions'} another version and keep version '${version}' registered, or go on without 'strict'`,
    { details: { run, functions: places } },
  );
}
