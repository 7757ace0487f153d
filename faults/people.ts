/** Who speaks to the runs of a batch: starts, signals, answers, completions, pauses, cancels; again, twice, and too late. */
import type { Checks } from './checks.ts';
import type { Command, Commands } from './commands.ts';
import type { Receiver } from './receiver.ts';
import type { Kind } from './workflow.ts';

export interface PeopleOptions {
  /** Part of the ids of the runs. */
  readonly name: string;
  readonly commands: Commands;
  readonly checks: Checks;
  readonly receiver: Receiver;
  readonly random: () => number;
}

const runsAtOnce = 16;
const startsAtOnce = 5;
const kinds: readonly Kind[] = ['work', 'trip', 'race'];

export class People {
  runs = 0;
  readonly #options: PeopleOptions;

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  /** Of each kind in turn. */
  start(): Command {
    const { commands, name } = this.#options;
    this.runs += 1;
    return commands.make('start', `${kinds[this.runs % kinds.length] ?? 'work'}-${name}-${this.runs}`);
  }

  /** What they say at a time when everything may go on and nothing has to. */
  speak(): readonly Command[] {
    const { commands, checks, random } = this.#options;
    const { open, ended } = checks;
    const said: Command[] = [];
    for (let count = open.length; count < runsAtOnce && said.length < startsAtOnce; count += 1) said.push(this.start());
    for (const run of open) said.push(...this.#about(run));
    // Who is late is told so, and changes nothing.
    const late = ended[Math.floor(random() * ended.length)];
    if (late !== undefined)
      said.push(
        commands.make((['signal', 'answer', 'cancel', 'pause', 'start'] as const)[said.length % 5] ?? 'signal', late),
      );
    return said;
  }

  #about(run: string): readonly Command[] {
    const { commands, random } = this.#options;
    const chance = random();
    // Whoever was not heard asks again: the same start, the same run.
    if (chance < 0.05) return [commands.make('start', run)];
    if (chance < 0.3) return [commands.make('signal', run)];
    // Two at once: one of them is told that the other was first.
    if (chance < 0.35) return [commands.make('answer', run), commands.make('answer', run)];
    if (chance < 0.55) return [commands.make('answer', run), ...this.#complete(run)];
    if (chance < 0.7) return this.#complete(run);
    if (chance < 0.74) return [commands.make('pause', run)];
    if (chance < 0.9) return [commands.make('resume', run)];
    return chance < 0.91 ? [commands.make('cancel', run)] : [];
  }

  /** The work that was accepted is done. */
  #complete(run: string): readonly Command[] {
    const token = this.#options.receiver.calls.get(`${run}:later:1`)?.token ?? null;
    return token === null ? [] : [this.#options.commands.make('complete', run, token)];
  }

  /** All that a run may need to come to its end. */
  help(run: string): readonly Command[] {
    const { commands } = this.#options;
    return [
      commands.make('resume', run),
      commands.make('signal', run),
      commands.make('answer', run),
      ...this.#complete(run),
    ];
  }
}
