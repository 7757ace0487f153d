/** Bugs that only a process which dies on a file shows: to see that the kill loop finds them. */
import { plantedBugs as simulated, type PlantedBug } from '../test/simulation/planted-bugs.ts';

/** Of the simulator's, those that a death shows whatever the store. */
const shared: readonly string[] = [
  'acknowledged before the commit',
  'effects start before the commit',
  'effects are not started again after a recovery',
  'what fell due meanwhile is forgotten',
  'the key changes with the attempt',
  'rounds are begun again after a crash',
  'an entry of the inbox is applied again and again',
  'an entry of the inbox is removed before it is applied',
];

function plant(name: string, file: string, find: string, put: string): PlantedBug {
  return { name, edits: [{ file, find, put }] };
}

export const plantedBugs: readonly PlantedBug[] = [
  ...simulated.filter(({ name }) => shared.includes(name)),
  plant(
    'a run that sleeps is said to be an event behind',
    'src/engine/drive/run-record.ts',
    'checkpoint: { seq: state.seq, snapshot, asleep: asleepOf(state) }',
    'checkpoint: { seq: state.seq - 1, snapshot, asleep: asleepOf(state) }',
  ),
  plant(
    'a run that is told two things as it wakes does not go on',
    'src/engine/drive/driver.ts',
    'if (this.#resumesFrom !== null) this.resume(this.#resumesFrom);',
    '',
  ),
  plant(
    'a round whose undoing was interrupted is taken for undone',
    'src/engine/below/runs-below.ts',
    'if (existing !== null && endedStatuses.has(existing.status)) return outcomeOf(existing).status;',
    `if (existing !== null) return 'completed';`,
  ),
  plant(
    'work that the other side accepted is asked for again after a crash',
    'src/engine/drive/driver.ts',
    'if (effect.accepted !== undefined || this.#ports.isDraining()) return;',
    'if (this.#ports.isDraining()) return;',
  ),
  {
    name: 'runs of living processes are adopted, and nothing fences them off',
    edits: [
      {
        file: 'src/store/sqlite/writer.ts',
        find: 'if (!this.#owner.isStanding()) throw ownershipLost();',
        put: '',
      },
      {
        file: 'src/store/sqlite/ownership.ts',
        find: '(owner) => owner.id !== id && !isOwnerAlive(file, owner.id)',
        put: '(owner) => owner.id !== id',
      },
      {
        file: 'src/store/sqlite/ownership.ts',
        find: '(owner) => owner.id !== this.#id && !isOwnerAlive(file, owner.id)',
        put: '(owner) => owner.id !== this.#id',
      },
    ],
  },
  plant('a batch is no transaction', 'src/store/sqlite/connection.ts', `'begin immediate'`, `'select 1'`),
];

/** @throws Error when there is none of that name */
export function plantedBug(name: string): PlantedBug {
  const bug = plantedBugs.find((one) => one.name === name);
  if (bug === undefined)
    throw new Error(`no planted bug '${name}'; there are: ${plantedBugs.map((one) => one.name).join(', ')}`);
  return bug;
}
