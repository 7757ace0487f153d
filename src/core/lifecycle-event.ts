/**
 * What a machine tells of a run as it moves. Derived from history events: streamed, never stored by itself; `event.ts` owns what is
 * stored.
 */
import type { ErrorData } from './errors.ts';
import type { RebaseKind } from './run.ts';
import type { StoredValue } from './stored-value.ts';

/** What followed from history events. `step` events carry the visit and the attempt they are about. */
export type LifecycleEvent =
  | { readonly type: 'run.started' }
  | { readonly type: 'run.paused'; readonly by?: string; readonly why?: string }
  | { readonly type: 'run.resumed'; readonly by?: string; readonly why?: string }
  | {
      readonly type: 'run.rebased';
      readonly kind: RebaseKind;
      readonly steps?: readonly string[];
      readonly from?: { readonly run: string; readonly seq: number };
      readonly by?: string;
      readonly why?: string;
    }
  /** The run goes on with other code: places of the functions that have changed, as `steps.tidy.transform`. */
  | { readonly type: 'function.changed'; readonly functions: readonly string[] }
  | { readonly type: 'task.opened'; readonly step: string; readonly visit: number; readonly attempt: number }
  | { readonly type: 'run.completed'; readonly output: StoredValue }
  | { readonly type: 'run.failed'; readonly error: ErrorData }
  | { readonly type: 'run.cancelled'; readonly by?: string; readonly why?: string }
  | { readonly type: 'step.started'; readonly step: string; readonly visit: number; readonly attempt: number }
  /** The other side works on it, and says when it is done. */
  | { readonly type: 'step.accepted'; readonly step: string; readonly visit: number; readonly attempt: number }
  | {
      readonly type: 'step.retrying';
      readonly step: string;
      readonly visit: number;
      readonly attempt: number;
      readonly error: ErrorData;
      readonly delayMs: number;
    }
  | {
      readonly type: 'step.completed';
      readonly step: string;
      readonly visit: number;
      readonly attempt: number;
      readonly output: StoredValue;
      readonly branch?: string;
      /** The output of an earlier run, from the cache. */
      readonly cached?: true;
    }
  | {
      readonly type: 'step.failed';
      readonly step: string;
      readonly visit: number;
      readonly attempt: number;
      readonly error: ErrorData;
    }
  | {
      readonly type: 'step.skipped';
      readonly step: string;
      readonly visit: number;
      readonly why: 'condition' | 'not chosen' | 'by hand';
    }
  | { readonly type: 'step.cancelled'; readonly step: string; readonly visit: number; readonly attempt: number }
  /** The run has failed or was cancelled: `count` visits of steps are to be undone, the newest first. */
  | { readonly type: 'run.compensating'; readonly count: number }
  | {
      readonly type: 'run.compensated';
      readonly compensation: 'complete' | 'incomplete';
      /** `<step>:<visit>` of what could not be undone. */
      readonly notCompensated?: readonly string[];
    }
  /** A visit of the step is being undone, by its `compensate` step or by way of its rounds or its child run. */
  | { readonly type: 'step.compensating'; readonly step: string; readonly visit: number; readonly attempt: number }
  | { readonly type: 'step.compensated'; readonly step: string; readonly visit: number; readonly attempt: number };
