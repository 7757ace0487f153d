/** I10: when all runs have ended, an engine that has lived through it holds nothing of them in memory. */
import type { Held } from '../../engine/held.ts';
import type { Journal } from './journal.ts';
import type { SimProcess } from './sim-process.ts';

/** To look for runs that rest. */
const timersOfItsOwn = 1;

export function checkHeld(journal: Journal, hosts: readonly Pick<SimProcess, 'name' | 'engine'>[]): void {
  for (const { name, engine } of hosts) {
    const held: Partial<Held> = engine?.held ?? {};
    const left = Object.entries(held).filter(([what, count]) => count > (what === 'timers' ? timersOfItsOwn : 0));
    if (left.length > 0)
      journal.violate(
        'I10',
        `all runs have ended, and ${name} holds ${left.map(([what, n]) => `${n} ${what}`).join(', ')}`,
      );
  }
}
