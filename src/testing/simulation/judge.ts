/**
 * The invariants, judged when all is over: each run's history is replayed, and held against what was committed, called, answered,
 * said and told. Owns what must hold; what was seen is the journal's.
 */
import { advance, statusOf, type RunState } from '../../core/advance.ts';
import { deepEqual } from '../../core/json.ts';
import type { HistoryEvent, Recorded } from '../../core/event.ts';
import type { LifecycleEvent } from '../../core/lifecycle-event.ts';
import { endedStatuses } from '../../core/run.ts';
import { inlineValue } from '../../core/stored-value.ts';
import { Catalog } from '../../engine/catalog.ts';
import { loadRun, Replay, type Base, type Loading } from '../../engine/load.ts';
import { decodeCommand } from '../../engine/inbox-command.ts';
import { runReport } from '../../engine/report.ts';
import { Values } from '../../engine/values.ts';
import { persistState } from '../../../machines/persist.ts';
import { MemoryStore, type MemoryDatabase } from '../../store/memory.ts';
import { anyAgents } from '../any-agents.ts';
import { callKey, type Journal } from './journal.ts';
import type { SimulationPlan } from './plan.ts';

/** What one run's history says. */
interface Told {
  readonly id: string;
  readonly base: Base;
  readonly events: readonly Recorded[];
  readonly states: readonly RunState[];
  readonly lifecycle: readonly { readonly seq: number; readonly event: LifecycleEvent }[];
  /** Seqs by which effects began, by `run|effect|visit|attempt`. */
  readonly begun: ReadonlyMap<string, number>;
}

export function judge(journal: Journal, database: MemoryDatabase, plan: SimulationPlan): void {
  const store = new MemoryStore(database);
  const loading = { store, catalog: new Catalog(plan.workflows, anyAgents, store) };
  const runs = new Map<string, Told>();
  for (const id of journal.runs) {
    const told = tell(journal, loading, id);
    if (told === null) continue;
    runs.set(id, told);
    checkLength(journal, store, told);
    checkResults(journal, told);
    checkTimes(journal, told);
    checkEnd(journal, told);
  }
  checkCheckpoints(journal, runs);
  checkCalls(journal, runs);
  checkCommands(journal, database, runs);
  checkStreams(journal, runs);
  checkOutputs(journal, store, plan);
}

/** I5: the history replays, from the first event and from the checkpoint alike. */
function tell(journal: Journal, loading: Loading, id: string): Told | null {
  const events: Recorded[] = [];
  const states: RunState[] = [];
  const lifecycle: { seq: number; event: LifecycleEvent }[] = [];
  const begun = new Map<string, number>();
  try {
    const replay = new Replay(loading, id);
    for (const { recorded, advanced } of replay.next()) {
      events.push(recorded);
      states.push(advanced.state);
      for (const event of advanced.lifecycle) lifecycle.push({ seq: recorded.seq, event });
      for (const { id: effect, input } of advanced.started)
        begun.set(callKey({ run: id, step: effect, visit: input.visit, attempt: input.attempt }), recorded.seq);
    }
    // Without a checkpoint that would be the same again.
    const loaded = loading.store.readCheckpoint(id) === null ? null : loadRun(loading, id);
    if (loaded !== null && persistState(loaded.state) !== persistState(replay.state))
      journal.violate('I5', `run '${id}' is another when it is loaded from its checkpoint`);
    return { id, base: replay.base, events, states, lifecycle, begun };
  } catch (error) {
    journal.violate('I5', `the history of run '${id}' does not replay: ${String(error)}`);
    return null;
  }
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
  for (const { seq, event } of events) {
    const key = onceKey(event);
    if (key !== null && seen.has(key)) journal.violate('I3', `run '${id}', event ${seq}: ${key} for the second time`);
    if (key !== null) seen.add(key);
    if (event.type !== 'effect.completed' && event.type !== 'effect.failed') continue;
    const active = states[seq - 2]?.effects.get(event.effect)?.input;
    if (active?.visit !== event.visit || active.attempt !== event.attempt)
      journal.violate('I3', `run '${id}', event ${seq}: ${key ?? ''} was taken, which nobody waited for any more`);
    if (event.type === 'effect.failed' || event.effect.includes('.')) continue;
    const { program } = base.compiled;
    const type = program.steps[program.byId.get(event.effect) ?? -1]?.step.type;
    if (type !== 'agent' && type !== 'http') continue;
    const given = journal.answers.get(callKey({ run: id, step: event.effect, ...event }));
    const output = event.none === true ? 'undefined' : JSON.stringify(inlineValue(event.output));
    if (given?.has(output) !== true)
      journal.violate(
        'I4',
        `run '${id}', event ${seq}: nobody gave this result of ${event.effect} (attempt ${event.attempt})`,
      );
  }
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
function checkEnd(journal: Journal, { id, base: { row }, states }: Told): void {
  const last = states.at(-1);
  const status = last === undefined ? 'pending' : statusOf(last);
  if (row.status !== status) journal.violate('I5', `run '${id}' is ${row.status}, and by its history ${status}`);
  const early = states.slice(0, -1).find((state) => endedStatuses.has(statusOf(state)));
  if (early !== undefined) journal.violate('I7', `run '${id}' ended at event ${early.seq}, and went on`);
}

/** I5: a checkpoint is what the history leads to. */
function checkCheckpoints(journal: Journal, runs: ReadonlyMap<string, Told>): void {
  for (const { run, seq, snapshot } of journal.checkpoints) {
    const state = runs.get(run)?.states[seq - 1];
    if (state !== undefined && persistState(state) !== snapshot)
      journal.violate('I5', `the checkpoint of run '${run}' at event ${seq} is not what its history leads to`);
  }
}

/** I4: an effect is started after the commit of what it follows from, and repeated with the same key only. */
function checkCalls(journal: Journal, runs: ReadonlyMap<string, Told>): void {
  const keys = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const call of journal.calls) {
    const begun = runs.get(call.run)?.begun.get(callKey(call));
    const what = `${call.key} (attempt ${call.attempt})`;
    if (begun === undefined || begun > call.committed)
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

/** I1: what was acknowledged happened, once; what was refused or never answered at most once. */
function checkCommands(journal: Journal, database: MemoryDatabase, runs: ReadonlyMap<string, Told>): void {
  for (const { by, kind, run, input, state, left } of journal.commands) {
    const told = runs.get(run);
    if (kind === 'start' || kind === 'start other') {
      if (state !== 'acknowledged') continue;
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
    if (state !== 'acknowledged' || times > 0) continue;
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
  if (event.type === 'control') return;
  const { kernel, outer } = told.base;
  const states = told.states.slice(Math.max(0, at - 1), at + 10);
  const isRefused = states.some((state) => {
    const recorded = { seq: state.seq + 1, at: told.events.at(-1)?.at ?? 0, event };
    return 'refused' in advance(kernel, state, recorded, { runId: told.id, ...(outer === null ? {} : { outer }) });
  });
  if (!isRefused)
    journal.violate('I1', `${what} was left for run '${told.id}', which would have taken it, and is lost`);
}

/** What was told is what the history tells, from the beginning on. */
function checkStreams(journal: Journal, runs: ReadonlyMap<string, Told>): void {
  for (const { run, told } of journal.streams) {
    const expected = runs.get(run)?.lifecycle ?? [];
    for (const [index, event] of told.entries()) {
      const other = expected[index];
      if (!('seq' in event)) continue;
      if (other?.event.type === event.type && other.seq === event.seq) continue;
      journal.violate(
        'I5',
        `run '${run}': ${event.type} of event ${event.seq} was told, the history tells ${other?.event.type ?? 'nothing'}`,
      );
      break;
    }
  }
}

/** What runs gave is what the plan says they give, and what is told of it is what is stored. */
function checkOutputs(journal: Journal, store: MemoryStore, plan: SimulationPlan): void {
  const values = new Values(store);
  for (const id of journal.runs) {
    const row = store.readRun(id);
    if (row === null || row.kind === 'round') continue;
    const report = runReport(row, values);
    if (report.status !== 'completed') continue;
    const wrong = plan.expect?.({ workflow: report.workflow, output: report.output }) ?? null;
    if (wrong !== null) journal.violate('I14', `run '${id}' (${report.workflow}): ${wrong}`);
    const told = journal.outputs.get(id);
    if (told !== undefined && told !== JSON.stringify(report.output))
      journal.violate(
        'I14',
        `the output of run '${id}' was told as ${told.slice(0, 200)}, and is ${JSON.stringify(report.output).slice(0, 200)}`,
      );
  }
}
