/**
 * One process of a simulation: a real engine whose every port is the world's. It dies when the world says so, at any point at which
 * it touches a port; nothing that it does afterwards is seen by anybody.
 */
import { WorkflowError } from '../../core/errors.ts';
import type { Clock, Logger } from '../../core/ports.ts';
import type { WorkflowDefinition } from '../../definition/index.ts';
import { createEngine } from '../../engine/create-engine.ts';
import type { Engine } from '../../engine/engine.ts';
import type { MemoryDatabase } from '../../store/memory.ts';
import { anyAgents } from '../any-agents.ts';
import type { Journal } from './journal.ts';
import { outsideHandlers, type OutsideOptions } from './outside.ts';
import { type Fate, SimStore } from './sim-store.ts';
import type { Timeline } from './timeline.ts';
import { Usage, type MakingNow } from './usage.ts';
import type { World } from './world.ts';

export interface Weather {
  /** How likely a process dies at any one point. */
  death: number;
  isFull: boolean;
  /** How likely a write to the cache of steps fails. */
  cacheFailure: number;
  /** What clocks show beside real time, in milliseconds. */
  skewMs: number;
  /** Writes so far, of all processes. */
  writes: number;
  /** A process dies at this write. */
  readonly killAt: { readonly write: number; readonly when: 'before' | 'after' } | null;
}

export interface ProcessOptions extends Pick<
  OutsideOptions,
  'misbehaviour' | 'answer' | 'accept' | 'check' | 'checkBegin'
> {
  readonly name: string;
  readonly world: World;
  readonly journal: Journal;
  readonly timeline: Timeline;
  readonly weather: Weather;
  readonly database: MemoryDatabase;
  readonly workflows: readonly WorkflowDefinition[];
  readonly sleepAfterMs: number;
  readonly durability: 'sync' | 'async';
  readonly making: MakingNow;
}

export class SimProcess implements Fate {
  readonly name: string;
  isAlive = true;
  readonly #options: ProcessOptions;
  readonly #store: SimStore;
  #look: () => void = () => undefined;
  #engine: Engine | null = null;

  constructor(options: ProcessOptions) {
    const { name, world, journal, database, timeline } = options;
    this.name = name;
    this.#options = options;
    const say = (line: string): void => {
      world.trace.say(line);
    };
    this.#store = new SimStore({ database, fate: this, journal, timeline, say });
  }

  get isFull(): boolean {
    return this.#options.weather.isFull;
  }

  get failsToCache(): boolean {
    const { world, weather } = this.#options;
    return world.chance(weather.cacheFailure);
  }

  /** Null before it is up, and when it could not come up. */
  get engine(): Engine | null {
    return this.isAlive ? this.#engine : null;
  }

  /** Looks at what others left, as often as the world likes. */
  look(): void {
    if (this.isAlive) this.#look();
  }

  async start(): Promise<void> {
    const { world, workflows, sleepAfterMs, durability } = this.#options;
    const usage = new Usage({ ...this.#options, host: this }, this.#options.making);
    world.trace.say(`${this.name} starts`);
    try {
      const engine = await createEngine({
        workflows,
        agents: anyAgents,
        store: this.#store,
        env: {},
        sleepAfterMs,
        durability,
        handlers: outsideHandlers({ ...this.#options, usage: (call) => usage.begin(call), host: this }),
        clock: this.#clock(),
        random: world.random,
        logger: this.#logger(),
        verify: 'off',
        poll: (look) => {
          this.#look = look;
          return () => (this.#look = () => undefined);
        },
        defer: (work) => {
          if (this.isAlive) world.add({ what: `${this.name} turn`, owner: this, at: world.now, run: work });
        },
      });
      if (this.isAlive) this.#engine = engine;
    } catch (error) {
      if (this.isAlive && !(error instanceof WorkflowError && error.code.startsWith('STORE_'))) throw error;
      this.kill('could not start');
    }
  }

  mayDie(where: string): boolean {
    const { world, weather } = this.#options;
    if (!this.isAlive) return true;
    const [when, what] = where.split(' ');
    if (when === 'before' && what !== 'call') weather.writes += 1;
    const { killAt } = weather;
    const isHere = killAt !== null && what !== 'call' && killAt.when === when && killAt.write === weather.writes;
    if (isHere || world.chance(weather.death)) this.kill(where);
    return !this.isAlive;
  }

  /** As `kill -9`. */
  kill(where: string): void {
    if (!this.isAlive) return;
    this.#options.world.trace.say(`${this.name} dies ${where}`);
    this.#options.journal.saw('a process dies');
    this.isAlive = false;
    this.#store.crash();
    this.#options.timeline.died(this);
    this.#options.world.bury();
  }

  #clock(): Clock {
    const { world, weather } = this.#options;
    return {
      now: () => Math.round(world.now + weather.skewMs),
      schedule: (callback, delayMs) => {
        if (!this.isAlive) return () => undefined;
        const at = world.now + Math.max(0, delayMs);
        return world.add({ what: `${this.name} timer`, owner: this, at, run: callback });
      },
    };
  }

  #logger(): Logger {
    const { world, journal } = this.#options;
    const at =
      (level: keyof Logger): Logger['info'] =>
      (message, details) => {
        if (!this.isAlive) return;
        // Where in the code is another for each that simulates.
        const { at: _where, ...told } = details ?? {};
        world.trace.say(`${this.name} ${level} ${message} ${JSON.stringify(told)}`);
        if (level === 'error') this.#told(journal, message, details ?? {});
      };
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }

  /** What an engine may complain of here, and what shows that something is wrong with it. */
  #told(journal: Journal, message: string, details: Readonly<Record<string, unknown>>): void {
    const why = String(details['error'] ?? '');
    if (!/left as it is|the engine stops/.test(message)) return;
    if (
      /disk is full|process died|store was closed|belongs to another host|A run '[^'/]*' exists already|There is no run/.test(
        why,
      )
    ) {
      journal.left.add(String(details['run'] ?? ''));
      return;
    }
    // With commits in the background two processes can go on with one ended run: that of the second is refused when it is written.
    if (journal.isForgetful && why.includes('belongs to another process')) return;
    journal.violate('I5', `${message}: ${String(details['run'] ?? '')}: ${why}`);
  }
}
