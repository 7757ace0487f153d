/**
 * Which early events of a run that goes on and on may be removed when it begins another epoch: those of epochs that are old enough,
 * but for what the oldest epoch that is kept refers to. Decides only; a run removes them some at a time (`run-record.ts`).
 */
import type { RunState } from '../../core/advance.ts';
import type { RunRebased } from '../../core/event.ts';
import type { EventRange, Store } from '../../core/ports.ts';
import { persistState } from '../../../machines/persist.ts';
import type { RunReads } from './background.ts';
import { decodeEvent } from './codec.ts';

export interface Removal {
  /** From this event on the history stays whole; 1: all of it. */
  readonly keptFrom: number;
  /** Up to this event they are gone already, but for what was left when a process died. */
  readonly goneTo: number;
  readonly ranges: readonly EventRange[];
}

export interface EarlyEventsPorts {
  readonly store: Pick<Store, 'listRuns'>;
  readonly reads: Pick<RunReads, 'readEvent'>;
  /** Events of earlier epochs that stay. */
  readonly maxEarlierEvents: number;
}

/** Where an epoch begins, and the state that it begins with, as text. */
interface Beginning {
  readonly seq: number;
  readonly snapshot: string;
}

/** @param state what the next epoch begins with */
export function earlyEvents(ports: EarlyEventsPorts, run: string, state: RunState): Removal {
  const next = { seq: state.seq + 1, snapshot: '' };
  const { whole, beginnings } = wholeEpochs(ports.reads, run, state.epoch);
  const isRecent = (seq: number): boolean => next.seq - seq <= ports.maxEarlierEvents;
  if (isRecent(whole) || hasRounds(ports.store, run)) return { keptFrom: whole, goneTo: whole - 1, ranges: [] };
  const oldest = beginnings.findLast(({ seq }) => isRecent(seq)) ?? next;
  const snapshot = oldest === next ? persistState(state) : oldest.snapshot;
  return { keptFrom: oldest.seq, goneTo: whole - 1, ranges: rangesBetween(referredTo(run, snapshot), oldest.seq) };
}

/** From which event on the history is whole. */
export function wholeFrom(reads: Pick<RunReads, 'readEvent'>, run: string, epoch: number): number {
  return wholeEpochs(reads, run, epoch).whole;
}

/** The epochs of which nothing was removed, newest first; the first of all has no state to begin with. */
function wholeEpochs(
  reads: Pick<RunReads, 'readEvent'>,
  run: string,
  epoch: number,
): { readonly whole: number; readonly beginnings: readonly Beginning[] } {
  const beginnings: Beginning[] = [];
  let whole = 1;
  for (let seq = epoch; seq > whole;) {
    const { snapshot, keptFrom = 1, previous = 1 } = rebaseAt(reads, run, seq);
    beginnings.push({ seq, snapshot });
    whole = Math.max(whole, keptFrom);
    seq = previous;
  }
  return { whole, beginnings: beginnings.filter(({ seq }) => seq >= whole) };
}

function rebaseAt(reads: Pick<RunReads, 'readEvent'>, run: string, seq: number): Partial<RunRebased> & Beginning {
  const stored = reads.readEvent(run, seq);
  const event = stored === null ? null : decodeEvent(stored).event;
  return event?.type === 'run.rebased' ? { ...event, seq } : { seq, snapshot: '{}' };
}

/** A round reads what the run around it was when the loop began, by its seq: then all of it stays. */
function hasRounds(store: Pick<Store, 'listRuns'>, run: string): boolean {
  return store.listRuns({ parent: run, kind: ['round'], limit: 1 }).length > 0;
}

/** Seqs of the events whose values, or whose time, a state refers to. */
function referredTo(run: string, snapshot: string): ReadonlySet<number> {
  const seqs = new Set<number>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const each of Object.values(value)) visit(each);
    // A reference, an effect, a timer. What only looks like one keeps an event more.
    const { r, seq, setBy } = value as { readonly r?: unknown; readonly seq?: unknown; readonly setBy?: unknown };
    for (const found of [seq, setBy]) if (typeof found === 'number') seqs.add(found);
    if (isOwnRef(r, run)) seqs.add(r.seq);
  };
  visit(JSON.parse(snapshot));
  return seqs;
}

function isOwnRef(ref: unknown, run: string): ref is { readonly seq: number } {
  if (typeof ref !== 'object' || ref === null) return false;
  const { seq, run: of = run } = ref as { readonly seq?: unknown; readonly run?: unknown };
  return typeof seq === 'number' && of === run;
}

/** What lies between the events that stay, up to `end` (exclusive). The first event says what the run is: it stays. */
function rangesBetween(kept: ReadonlySet<number>, end: number): readonly EventRange[] {
  const stays = [1, ...[...kept].filter((seq) => seq > 1 && seq < end).sort((a, b) => a - b), end];
  return stays.slice(1).flatMap((to, index) => {
    const range = { from: (stays[index] ?? 1) + 1, to: to - 1 };
    // One event takes as much room as what would stand for it.
    return range.to > range.from ? [range] : [];
  });
}
