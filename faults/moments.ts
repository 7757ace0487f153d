/** When a process is killed: all kinds of moments of its life, drawn by a seed. */
import { closingPoints, eventPoints, recoveryPoints } from './crash-points.ts';
import type { CallPhase } from './receiver.ts';

export interface Moment {
  /** For the tally. */
  readonly kind: string;
  /** Of crash-points.ts; null: the process is killed from outside. */
  readonly point: string | null;
  /** Killed so long after it was ready, in start-up after it was let begin: the moment itself, or the end of waiting for it. */
  readonly afterMs: number;
  readonly isByClock: boolean;
  readonly isInStartUp: boolean;
  /** Killed at the n-th call of it, before or after the answer. */
  readonly call: { readonly phase: CallPhase; readonly isUndo: boolean; readonly nth: number } | null;
  /** Told to close so long after it was ready; killed `afterMs` after that. */
  readonly closesAfterMs: number | null;
}

type Random = () => number;

/** A life in which the awaited does not happen is this long at most. */
const longestMs = 500;
const startUpMs = 100;

const plain = { isByClock: false, isInStartUp: false, point: null, call: null, closesAfterMs: null };

/** Nobody kills it. */
export const untilTheEnd: Moment = { ...plain, kind: 'never', afterMs: Number.POSITIVE_INFINITY };

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}

/** Small numbers more often than large ones: 1 to `most`. */
function count(random: Random, most: number): number {
  return 1 + Math.floor(random() * random() * most);
}

const kinds: readonly (readonly [weight: number, draw: (random: Random) => Moment])[] = [
  [4, (random) => ({ ...plain, kind: 'by the clock', isByClock: true, afterMs: 50 + random() * (longestMs - 50) })],
  [
    1,
    (random) => ({ ...plain, kind: 'in start-up', isByClock: true, isInStartUp: true, afterMs: random() * startUpMs }),
  ],
  [
    1.5,
    (random) => ({
      ...plain,
      kind: 'at a statement of recovery',
      point: `${pick(random, recoveryPoints)}#${count(random, 60)}`,
      afterMs: longestMs,
    }),
  ],
  [
    5,
    (random) => {
      const name = pick(random, eventPoints);
      return { ...plain, kind: name, point: `${name}#${count(random, 40)}`, afterMs: longestMs };
    },
  ],
  [
    3,
    (random) => {
      const isUndo = random() < 0.5;
      const phase = pick<CallPhase>(random, ['asked', 'answered']);
      const call = { phase, isUndo, nth: count(random, isUndo ? 4 : 12) };
      return { ...plain, kind: `a ${isUndo ? 'compensation' : 'call'} was ${phase}`, afterMs: longestMs, call };
    },
  ],
  [
    1.5,
    (random) => ({
      ...plain,
      kind: 'while it closes',
      point: random() < 0.5 ? `${pick(random, closingPoints)}#${count(random, 30)}` : null,
      afterMs: random() * 40,
      closesAfterMs: random() * 200,
    }),
  ],
];

export function drawMoment(random: Random): Moment {
  const total = kinds.reduce((sum, [weight]) => sum + weight, 0);
  let left = random() * total;
  for (const [weight, draw] of kinds) {
    left -= weight;
    if (left < 0) return draw(random);
  }
  throw new Error('chance is in [0, 1)');
}
