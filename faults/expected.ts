/** What a run of each kind has to call, give and undo: by its keys, as the receiver answers them. */
import { answerTo } from './receiver.ts';
import { items, kindOf, ticks } from './workflow.ts';

/** An effect of a run, as histories name it. */
export interface Effect {
  readonly run: string;
  readonly effect: string;
  readonly visit: number;
}

/** One that calls under a key. */
export interface Expected extends Effect {
  readonly key: string;
}

export interface Undoable extends Effect {
  /** The key of the call that undoes it. */
  readonly undo: string;
}

type By = Readonly<Record<string, string>>;

export interface Course {
  /** When nothing goes wrong. */
  readonly calls: readonly Expected[];
  /** What is undone by itself once it is done, with what undoes it. */
  readonly undoable: readonly Undoable[];
  /** After a failure or a cancel. */
  readonly undoes: readonly string[];
  /** In the order of their first calls; those of a list in any order. */
  readonly undoOrder: readonly (readonly string[])[];
  /** When it has failed. */
  readonly onFailure: readonly string[];
  /** How it ends when nobody cancels it. */
  readonly status: 'completed' | 'failed';
  /** What it gives when it completes, where that follows from its keys; the rest as it is in what it gave. */
  readonly outputLike: (given: unknown) => unknown;
}

function call(run: string, effect: string, visit = 1): Expected {
  return { key: `${run}:${effect}:${visit}`, run, effect, visit };
}

function undoable(run: string, effect: string): Expected & Undoable {
  return { ...call(run, effect), undo: `${run}:${effect}-compensate:1` };
}

/** The rounds of a loop, each undone by a run of its own. */
function rounds(run: string, loop: string, effect: string): readonly (Expected & Undoable)[] {
  return items.map((_, index) => {
    const round = `${run}/${loop}:1/${index}`;
    return { ...call(round, effect), undo: `${round}/undo:${effect}-compensate:1` };
  });
}

const undoOf = ({ undo }: Undoable): string => undo;

export function courseOf(run: string): Course {
  const kind = kindOf(run);
  return kind === 'trip' ? trip(run) : kind === 'race' ? race(run) : work(run);
}

function work(run: string): Course {
  const first = undoable(run, 'first');
  const left = undoable(run, 'left');
  const right = call(run, 'right');
  const each = rounds(run, 'rounds', 'each');
  const inner = call(`${run}/sub:1`, 'inner');
  const last = call(run, 'last');
  const sub = undoable(run, 'sub');
  return {
    calls: [first, left, right, ...each, inner, last],
    undoable: [first, left, ...each, sub],
    // Of a child that is cancelled, the child's own.
    undoes: [...[first, left, ...each, sub].map(undoOf), `${inner.run}:inner-compensate:1`],
    undoOrder: [],
    onFailure: [],
    status: 'completed',
    outputLike: () => ({
      first: answerTo(first.key),
      both: { left: answerTo(left.key), right: answerTo(right.key) },
      rounds: each.map(({ key }) => answerTo(key)),
      sub: answerTo(inner.key),
      last: answerTo(last.key),
    }),
  };
}

function trip(run: string): Course {
  const flight = undoable(run, 'flight');
  const nights = rounds(run, 'nights', 'night');
  const inner = call(`${run}/stay:1`, 'inner');
  const car = undoable(run, 'car');
  const stay = undoable(run, 'stay');
  const undoOrder = [[car], [stay], nights, [flight]].map((group) => group.map(undoOf));
  return {
    calls: [flight, ...nights, inner, car, call(run, 'card')],
    undoable: [flight, ...nights, stay, car],
    undoes: [...undoOrder.flat(), `${inner.run}:inner-compensate:1`],
    undoOrder,
    onFailure: [`${run}:report:1`],
    status: 'failed',
    outputLike: () => undefined,
  };
}

function race(run: string): Course {
  const later = call(run, 'later');
  const close = call(run, 'close');
  const inner = call(`${run}/aside:1`, 'inner');
  const laps = Array.from({ length: ticks }, (_, index) => call(run, 'tick', index + 1));
  return {
    calls: [...laps, later, inner, close],
    undoable: [],
    undoes: [],
    undoOrder: [],
    onFailure: [],
    status: 'completed',
    outputLike: (output) => ({
      n: ticks,
      // Whoever completed it: the history says whether it was acknowledged.
      later: { by: String((output as { later?: By } | null)?.later?.['by']) },
      decision: 'approve',
      close: answerTo(close.key),
    }),
  };
}
