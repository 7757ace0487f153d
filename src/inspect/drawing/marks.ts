/** What a run or tests have seen of a workflow, as marks on the boxes and arrows of its drawing. Pure. */
import type { RunStatus, StepStatus } from '../../core/run.ts';
import type { Drawing, DrawingEdge, DrawnEvent } from './drawing.ts';
import { endId, failedId, failureId, startId } from './build.ts';
import { Way } from './way.ts';

/** How a step stands. */
export interface DrawnStep {
  readonly id: string;
  readonly status: StepStatus;
  readonly visit: number;
  readonly attempt: number;
}

/** A run to be shown on the drawing: where it is, and where it has been. */
export interface DrawnRun {
  /** For the title. */
  readonly id?: string;
  readonly status: RunStatus;
  /** Of the run, in order. */
  readonly events: readonly DrawnEvent[];
  /** As `run.steps()` tells: for what no event tells of, such as what happened before a fork. @default [] */
  readonly steps?: readonly DrawnStep[];
  /** Of the runs that are rounds of its loops, each in order. @default [] */
  readonly rounds?: readonly (readonly DrawnEvent[])[];
}

/**
 * What tests (or production) have seen: how often, or whether. Keys of `states` are step ids; keys of `transitions` are
 * `<from> -> <to>`, of step ids and `$start`, `$end`, `$failure`, `$failed`. What is not listed was not seen.
 */
export interface Coverage {
  readonly states: Readonly<Record<string, number | boolean>>;
  readonly transitions: Readonly<Record<string, number | boolean>>;
}

export type Mark = 'completed' | 'failed' | 'skipped' | 'running' | 'cancelled' | 'untouched' | 'covered' | 'missed';

export interface NodeMark {
  readonly mark: Mark;
  /** `2 attempts`, `3 visits`, `4 times`: short; null when there is nothing to say. */
  readonly text: string | null;
}

export interface Marks {
  /** One line: which run, or how much was seen. */
  readonly summary: string;
  /** By node. */
  readonly nodes: ReadonlyMap<string, NodeMark>;
  /** Arrows that were taken. */
  readonly taken: ReadonlySet<DrawingEdge>;
  /** Those that occur, in the order of a legend. */
  readonly legend: readonly Mark[];
}

const order: readonly Mark[] = [
  'completed',
  'running',
  'failed',
  'skipped',
  'cancelled',
  'untouched',
  'covered',
  'missed',
];

function legendOf(nodes: ReadonlyMap<string, NodeMark>): readonly Mark[] {
  const seen = new Set([...nodes.values()].map(({ mark }) => mark));
  return order.filter((mark) => seen.has(mark));
}

// Of a run.

interface Seen {
  status: StepStatus;
  visits: number;
  attempts: number;
  runs: number;
  isUndone: boolean;
  /** It was passed over when the run came to it once more. */
  isPassed: boolean;
}

const statuses: Readonly<Record<string, StepStatus>> = {
  'step.started': 'running',
  'step.retrying': 'backoff',
  'step.completed': 'completed',
  'step.failed': 'failed',
  'step.skipped': 'skipped',
  'step.cancelled': 'cancelled',
};

/** What is worst is shown, of a step that many rounds have. */
const precedence: readonly StepStatus[] = [
  'running',
  'backoff',
  'failed',
  'cancelled',
  'completed',
  'skipped',
  'pending',
];

export function runMarks(drawing: Drawing, run: DrawnRun): Marks {
  const seen = new Map<string, Seen>();
  for (const events of [run.events, ...(run.rounds ?? [])]) addRun(seen, events);
  for (const { id, status, visit: visits, attempt: attempts } of run.steps ?? [])
    if (status !== 'pending' && !seen.has(id))
      seen.set(id, { status, visits, attempts, runs: 1, isUndone: false, isPassed: false });
  const taken = new Set<DrawingEdge>();
  for (const events of [run.events, ...(run.rounds ?? [])]) new Way(drawing, taken).follow(events);
  const nodes = new Map<string, NodeMark>();
  for (const { id, kind } of drawing.nodes) {
    const step = seen.get(id);
    if (step !== undefined) nodes.set(id, markOf(step));
    else if (kind === 'step' || kind === 'group') nodes.set(id, { mark: 'untouched', text: null });
  }
  markEnds(nodes, taken, drawing, run);
  const id = run.id === undefined ? '' : `run ${run.id}: `;
  return { summary: `${id}${run.status}`, nodes, taken, legend: legendOf(nodes) };
}

function addRun(seen: Map<string, Seen>, events: readonly DrawnEvent[]): void {
  const own = new Map<string, Seen>();
  for (const { type, step, visit = 1, attempt = 1 } of events) {
    const status = statuses[type];
    if (step === undefined) continue;
    const undone = type === 'step.compensated' ? own.get(step) : undefined;
    if (undone !== undefined) undone.isUndone = true;
    if (status === undefined) continue;
    const attempts = type === 'step.retrying' ? attempt + 1 : attempt;
    const before = own.get(step);
    if (status === 'skipped' && before !== undefined && before.status !== 'skipped') {
      before.isPassed = true;
      continue;
    }
    const again = before === undefined || visit > before.visits;
    own.set(step, {
      status,
      visits: visit,
      attempts: again ? attempts : Math.max(attempts, before.attempts),
      runs: 1,
      isUndone: false,
      isPassed: false,
    });
  }
  for (const [step, each] of own) {
    const before = seen.get(step);
    seen.set(step, before === undefined ? each : together(before, each));
  }
}

function together(a: Seen, b: Seen): Seen {
  const status = precedence.indexOf(a.status) <= precedence.indexOf(b.status) ? a.status : b.status;
  const attempts = Math.max(a.attempts, b.attempts);
  return {
    status,
    attempts,
    visits: Math.max(a.visits, b.visits),
    runs: a.runs + b.runs,
    isUndone: a.isUndone || b.isUndone,
    isPassed: a.isPassed || b.isPassed,
  };
}

const marksOfStatuses: Readonly<Record<StepStatus, Mark>> = {
  pending: 'untouched',
  running: 'running',
  backoff: 'running',
  completed: 'completed',
  failed: 'failed',
  skipped: 'skipped',
  cancelled: 'cancelled',
};

function markOf({ status, visits, attempts, runs, isUndone, isPassed }: Seen): NodeMark {
  const texts = [
    ...(runs > 1 ? [`${runs} rounds`] : []),
    ...(visits > 1 ? [`${visits} visits`] : []),
    ...(attempts > 1 ? [`${attempts} attempts`] : []),
    ...(status === 'backoff' ? ['waits to try again'] : []),
    ...(isUndone ? ['undone'] : []),
    ...(isPassed ? ['then skipped'] : []),
  ];
  return { mark: marksOfStatuses[status], text: texts.length === 0 ? null : texts.join(', ') };
}

function markEnds(
  nodes: Map<string, NodeMark>,
  taken: ReadonlySet<DrawingEdge>,
  drawing: Drawing,
  run: DrawnRun,
): void {
  const set = (id: string, mark: Mark): void => void nodes.set(id, { mark, text: null });
  if (run.events.length > 0) set(startId, 'completed');
  if (run.status === 'completed') set(endId, 'completed');
  const hasRecovery = drawing.nodes.some(({ id }) => id === failureId);
  if (!hasRecovery) return;
  const failing = [...taken].some(({ from }) => from === failureId) || run.status === 'failed';
  if (failing) set(failureId, 'failed');
  if (run.status === 'failed') set(failedId, 'failed');
}

// Of tests.

export function coverageMarks(drawing: Drawing, { states, transitions }: Coverage): Marks {
  const nodes = new Map<string, NodeMark>();
  for (const { id, kind } of drawing.nodes) {
    if (kind !== 'step' && kind !== 'group') continue;
    if (id.startsWith('$')) continue;
    const seen = Object.hasOwn(states, id) ? (states[id] ?? false) : false;
    nodes.set(id, isSeen(seen) ? { mark: 'covered', text: timesText(seen) } : { mark: 'missed', text: null });
  }
  const taken = new Set(
    drawing.edges.filter(({ from, to }) => {
      const key = `${from} -> ${to}`;
      return Object.hasOwn(transitions, key) && isSeen(transitions[key] ?? false);
    }),
  );
  const covered = [...nodes.values()].filter(({ mark }) => mark === 'covered').length;
  const summary = `${covered} of ${nodes.size} steps and ${taken.size} of ${drawing.edges.length} arrows seen`;
  return { summary, nodes, taken, legend: legendOf(nodes) };
}

function isSeen(seen: number | boolean): boolean {
  return seen === true || (typeof seen === 'number' && seen > 0);
}

function timesText(seen: number | boolean): string | null {
  return typeof seen === 'number' && seen > 1 ? `${seen} times` : null;
}
