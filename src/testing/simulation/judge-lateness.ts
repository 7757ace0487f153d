/** I8: a timer fires at most a second after it is due, while a process has its run and nothing hinders that. */
import type { ActiveTimer, RunState } from '../../core/advance.ts';
import type { EffectInput } from '../../../machines/effect-input.ts';
import { callKey, type Journal } from './journal.ts';
import type { Timeline } from './timeline.ts';
import type { Told } from './told.ts';

const toleratedMs = 1_000;
const timeout = 'timeout:';

export function checkLateness(journal: Journal, timeline: Timeline, runs: ReadonlyMap<string, Told>): void {
  // By a clock that was changed nothing is due; what a crash has forgotten may have fired.
  if (journal.hasJumped || journal.isForgetful) return;
  const calls = new Map(journal.calls.map((call) => [callKey(call), call.at]));
  for (const told of runs.values()) {
    if (isJudged(journal.left, runs, told)) new Lateness({ journal, timeline, calls, told }).check();
  }
}

/** Rounds of a run that is paused are taken up when that goes on, after a crash. One that was left waits for somebody. */
function isJudged(left: ReadonlySet<string>, runs: ReadonlyMap<string, Told>, { id, base: { row } }: Told): boolean {
  if (left.has(id)) return false;
  const parent = row.kind === 'round' ? runs.get(row.parent ?? '') : undefined;
  if (parent === undefined) return true;
  return parent.states.every(({ pause }) => pause === null) && isJudged(left, runs, parent);
}

interface LatenessOptions {
  readonly journal: Journal;
  readonly timeline: Timeline;
  /** When which attempt was called last. */
  readonly calls: ReadonlyMap<string, number>;
  readonly told: Told;
}

interface Pending {
  readonly timer: ActiveTimer;
  /** When it was set; milliseconds since 1970. */
  readonly setAt: number;
  /** Of the time of an attempt that is called: whose it is, and how long. It counts from when that begins, which may have to wait. */
  readonly attempt: { readonly key: string; readonly timeoutMs: number } | null;
}

const none: RunState['timers'] = new Map();

class Lateness {
  readonly #options: LatenessOptions;
  readonly #pending = new Map<string, Pending>();

  constructor(options: LatenessOptions) {
    this.#options = options;
  }

  check(): void {
    const { events, states } = this.#options.told;
    let before = none;
    for (const [index, { at, event }] of events.entries()) {
      const state = states[index];
      // What fires in a pause is held: when, makes no difference.
      const timers = state === undefined || state.pause !== null ? none : state.timers;
      if (event.type === 'timer.fired') this.#settle(event.timer, at);
      if (timers === before || state === undefined) continue;
      for (const [name, { timer }] of this.#pending) if (!isSame(timers.get(name), timer)) this.#settle(name, at);
      for (const timer of timers.values()) if (!isSame(before.get(timer.name), timer)) this.#set(timer, at, state);
      before = timers;
    }
    for (const name of this.#pending.keys()) this.#settle(name, Number.POSITIVE_INFINITY);
  }

  #set(timer: ActiveTimer, setAt: number, { effects }: RunState): void {
    const { name } = timer;
    const input = name.startsWith(timeout) ? effects.get(name.slice(timeout.length))?.input : undefined;
    const { info, visit, attempt } = (input ?? {}) as Partial<EffectInput>;
    const isCalled = info?.step.type === 'agent' || info?.step.type === 'http';
    const key = callKey({
      run: this.#options.told.id,
      step: name.slice(timeout.length),
      visit: visit ?? 0,
      attempt: attempt ?? 0,
    });
    this.#pending.set(name, {
      timer,
      setAt,
      attempt: isCalled ? { key, timeoutMs: info.step.timeoutMs ?? 0 } : null,
    });
  }

  #settle(name: string, at: number): void {
    const pending = this.#pending.get(name);
    if (pending === undefined) return;
    this.#pending.delete(name);
    const { timer, setAt } = pending;
    const { journal, timeline, told } = this.#options;
    const late = timeline.waited(told.id, Math.max(this.#dueAt(pending), setAt), at);
    if (late > toleratedMs)
      journal.violate('I8', `run '${told.id}': timer ${timer.name} of event ${timer.setBy} is ${late} ms late`);
  }

  #dueAt({ timer, attempt }: Pending): number {
    if (attempt === null) return timer.dueAt;
    const begun = this.#options.calls.get(attempt.key) ?? Number.POSITIVE_INFINITY;
    return Math.max(timer.dueAt, begun + attempt.timeoutMs);
  }
}

/** A fork sets those of its source anew. */
function isSame(a: ActiveTimer | undefined, b: ActiveTimer): boolean {
  return a?.setBy === b.setBy && a.dueAt === b.dueAt;
}
