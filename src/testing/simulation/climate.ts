/** What may go wrong under one seed, and how likely: some seeds are calm in one respect and wild in another. */
import type { Misbehaviour } from './outside.ts';
import type { World } from './world.ts';

export interface Climate {
  /** Processes at a time. */
  readonly processes: number;
  /** Of a process, at any one point at which it touches the world. */
  readonly death: number;
  /** Of a process, between two of its turns. */
  readonly kill: number;
  /** That the disk becomes full, or has room again. */
  readonly disk: number;
  /** Of a write to the cache of steps, that it fails. */
  readonly cacheFailure: number;
  /** That a clock jumps. */
  readonly jump: number;
  /** That somebody says something to a run. */
  readonly command: number;
  /** That commands may end runs. */
  readonly ends: boolean;
  /** That time passes although something could happen. */
  readonly haste: number;
  readonly misbehaviour: Misbehaviour;
  /** Of runs that wait, in milliseconds. */
  readonly sleepAfterMs: number;
  readonly durability: 'sync' | 'async';
  /** Steps of the world before all faults stop. */
  readonly steps: number;
}

export interface Faults {
  /** Processes die. @default true */
  readonly crashes?: boolean;
  /** The disk is full for a while. @default true */
  readonly disk?: boolean;
  /** Clocks jump. @default true */
  readonly clock?: boolean;
  /** People and programs say things to runs. @default true */
  readonly commands?: boolean;
  /** Agents fail, are slow, lost, late or talk nonsense. @default true */
  readonly agents?: boolean;
  /** Several processes at a time. @default true */
  readonly processes?: boolean;
}

const calm: Misbehaviour = { fail: 0, garbage: 0, lost: 0, slow: 0 };

export function climateOf(world: World, faults: Faults): Climate {
  const some = (isAllowed: boolean | undefined, share: number, most: number): number => {
    const drawn = world.chance(share) ? world.random.next() * most : 0;
    return isAllowed === false ? 0 : drawn;
  };
  const processes = world.pick([1, 2, 2, 3]);
  const ordinary = {
    processes: faults.processes === false ? 1 : processes,
    death: some(faults.crashes, 0.7, 0.03),
    kill: some(faults.crashes, 0.7, 0.03),
    disk: some(faults.disk, 0.3, 0.03),
    cacheFailure: some(faults.disk, 0.3, 0.5),
    jump: some(faults.clock, 0.25, 0.02),
    command: some(faults.commands, 0.85, 0.2),
    ends: world.chance(0.5),
    haste: some(true, 0.5, 0.15),
    misbehaviour: {
      fail: some(faults.agents, 0.6, 0.3),
      garbage: some(faults.agents, 0.4, 0.2),
      lost: some(faults.agents, 0.3, 0.1),
      slow: some(faults.agents, 0.4, 0.3),
    },
    sleepAfterMs: world.pick([0, 20, 5_000, Number.POSITIVE_INFINITY]),
    // Without a crash nothing can be forgotten.
    durability: faults.crashes !== false && world.chance(0.12) ? 'async' : 'sync',
    steps: 60 + world.below(240),
  } as const;
  const isRush = world.chance(0.1) && Object.keys(faults).length === 0;
  return isRush ? { ...ordinary, ...rush } : ordinary;
}

/** Many talk to runs that fall asleep at once, in processes that die soon: what is left for others is met often. */
const rush = { processes: 3, kill: 0.04, command: 0.3, sleepAfterMs: 0 } as const;

export const calmMisbehaviour: Misbehaviour = calm;
