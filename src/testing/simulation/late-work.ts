/**
 * Work that was accepted and is completed later, by services that know nothing of processes: they say so to any that lives, again
 * when nobody answers, sometimes twice, with signs of life on the way; or they forget it.
 */
import { WorkflowError } from '../../core/errors.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Asked } from './outside.ts';
import type { Journal } from './journal.ts';
import type { SimProcess } from './sim-process.ts';
import type { World } from './world.ts';

export interface LateWorkOptions {
  readonly world: World;
  readonly journal: Journal;
  /** Processes that live. */
  readonly hosts: () => readonly SimProcess[];
}

const againMs = 1_000;
/** A service gives up in the end. */
const maxTries = 50;

export class LateWork {
  readonly #options: LateWorkOptions;

  constructor(options: LateWorkOptions) {
    this.#options = options;
  }

  accept(token: string, asked: Asked, output: unknown): void {
    const { world, journal } = this.#options;
    journal.saw('work accepted');
    if (world.chance(0.1)) return;
    const delayMs = world.chance(0.3) ? 0 : world.below(150_000);
    for (let at = 20_000; at < delayMs; at += 20_000) this.#at(at, 'a sign of life', (it) => it.heartbeat(token), 1);
    const { run, visit, attempt } = asked;
    const address = { run, step: asked.step.id, visit, attempt };
    const fails = world.chance(0.15);
    if (!fails) journal.gave(address, output);
    const complete = (engine: Engine): Promise<unknown> =>
      fails ? engine.failEffect(token, 'it went wrong') : engine.completeEffect(token, output);
    for (let time = 0; time < (world.chance(0.2) ? 2 : 1); time++)
      this.#at(delayMs + time, `work of ${run}:${asked.step.id}`, complete, maxTries, () => {
        journal.completions.push(address);
      });
  }

  #at(
    delayMs: number,
    what: string,
    say: (engine: Engine) => Promise<unknown>,
    tries: number,
    heard: () => void = () => undefined,
  ): void {
    const { world } = this.#options;
    const again = (): void => {
      if (tries > 1) this.#at(againMs, what, say, tries - 1, heard);
    };
    const run = (): void => {
      const hosts = this.#options.hosts();
      if (hosts.length === 0) return again();
      const host = world.pick(hosts);
      if (host.engine !== null) this.#say(host, host.engine, say, heard, again);
    };
    world.add({ what, owner: null, at: world.now + delayMs, run });
  }

  #say(
    host: SimProcess,
    engine: Engine,
    say: (engine: Engine) => Promise<unknown>,
    heard: () => void,
    again: () => void,
  ): void {
    const { world, journal } = this.#options;
    let isAnswered = false;
    say(engine).then(
      (where) => {
        isAnswered = true;
        if (host.isAlive && (where === 'here' || where === 'elsewhere')) heard();
      },
      (error: unknown) => {
        isAnswered = true;
        if (!host.isAlive) return again();
        const isOver = error instanceof WorkflowError && (error.code === 'CONFLICT' || error.code === 'NOT_FOUND');
        if (!(error instanceof WorkflowError)) journal.violate('I5', `a callback: ${String(error)}`);
        // A CONFLICT may also be an engine that closes.
        if (!isOver) again();
      },
    );
    // A process that dies answers nothing.
    const ask = (): void => {
      if (!isAnswered && !host.isAlive) again();
    };
    world.add({ what: 'a service waits', owner: null, at: world.now + 10 * againMs, run: ask });
  }
}
