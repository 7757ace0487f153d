/**
 * Runs to which people say things at chosen moments, on the real engine in virtual time: between any two things that happen, and
 * across deaths of the process. Then everybody helps, all has to come to its end, and the simulator's invariants are judged.
 */
import { endedStatuses, type RunRow } from '../../../src/core/run.ts';
import { Values } from '../../../src/engine/dispatch/values.ts';
import { MemoryStore } from '../../../src/store/memory.ts';
import { checkHeld } from '../../../src/testing/simulation/judge-held.ts';
import type { Flow } from '../tested-flow.ts';
import { Speaker, type Deed } from './deeds.ts';
import { judgeSteered } from './judge-steered.ts';
import { Life } from './life.ts';
import { SteeredWorld } from './world.ts';

export interface Act {
  readonly deed: Deed;
  /** Of all that happens, counted from 1; when nothing happens any more before that, it is then. */
  readonly at: number;
}

export interface Steered {
  /** How much happened until all had ended. */
  readonly moments: number;
  /** How it ended, as text. */
  readonly outcome: string;
  /** Types of the events that what was said led to, or may have. */
  readonly said: readonly string[];
  /** What is wrong. */
  readonly broken: readonly string[];
  /** Of all runs, as text. */
  readonly events: readonly string[];
}

const runId = 'run';
/** Rounds of help after which runs are taken for stuck. */
const maxHelp = 60;
const maxTurns = 2_000;
/** What is due later than that is not waited for. */
const horizonMs = 86_400_000;

/** @param sleepAfterMs as the engine's option */
export function steered(flow: Flow, acts: readonly Act[], sleepAfterMs: number): Promise<Steered> {
  return new Steering(flow, acts, sleepAfterMs).run();
}

class Steering {
  readonly #world: SteeredWorld;
  readonly #speaker: Speaker;
  readonly #input: unknown;
  /** Still to come. */
  readonly #acts: Act[];
  readonly #sleepAfterMs: number;
  #life: Life | null = null;
  #moments = 0;

  constructor(flow: Flow, acts: readonly Act[], sleepAfterMs: number) {
    this.#world = new SteeredWorld(flow);
    this.#speaker = new Speaker(this.#world);
    this.#input = flow.input ?? {};
    this.#acts = [...acts].sort((a, b) => a.at - b.at);
    this.#sleepAfterMs = sleepAfterMs;
    this.#world.clock.happens = () => {
      this.#happens();
    };
  }

  async run(): Promise<Steered> {
    const { database, clock, journal, broken } = this.#world;
    const life = await this.#drive();
    const moments = this.#moments;
    if (this.#world.isOver) checkHeld(journal, [{ name: 'the engine', engine: life.engine }]);
    await life.engine.close();
    await clock.settle();
    for (const { level, message, details } of life.log.lines)
      if (level === 'warn' || level === 'error') broken.push(`I5: ${message} ${JSON.stringify(details ?? {})}`);
    judgeSteered(this.#world);
    return {
      moments,
      outcome: this.#outcome(this.#world.row(runId)),
      said: journal.commands.flatMap(({ state, kind }) => (state === 'refused' ? [] : [kind])),
      broken,
      events: [...database.runs].flatMap(([id, { events }]) =>
        events.map(({ seq, at, type, data }) => `${id} ${seq} +${at - clock.start} ${type} ${data.slice(0, 100)}`),
      ),
    };
  }

  #outcome(row: RunRow | null): string {
    const { database } = this.#world;
    const output = row?.status === 'completed' ? new Values(new MemoryStore(database)).loadRunOutput(row.id) : null;
    return JSON.stringify([row?.status, output, row?.error?.message]);
  }

  // What happens, and who acts then.

  #happens(): void {
    this.#moments += 1;
    while (this.#life?.isAlive === true && (this.#acts[0]?.at ?? Number.POSITIVE_INFINITY) <= this.#moments)
      this.#actNext(this.#life);
  }

  #actNext(life: Life): void {
    const deed = this.#acts.shift()?.deed;
    if (deed === undefined) return;
    switch (deed) {
      case 'crash':
        life.kill();
        this.#world.open.clear();
        return;
      case 'complete':
        this.#speaker.complete(life);
        return;
      case 'pause below':
        return this.#sayBelow(life, 'pause');
      case 'resume below':
        return this.#sayBelow(life, 'resume');
      case 'cancel below':
        return this.#sayBelow(life, 'cancel');
      case 'terminate below':
        return this.#sayBelow(life, 'terminate');
      default:
        if (this.#world.row(runId) !== null) this.#speaker.say(life, 'act', deed, runId);
    }
  }

  #sayBelow(life: Life, what: 'pause' | 'resume' | 'cancel' | 'terminate'): void {
    const below = this.#world.rows.findLast(({ id, status }) => id !== runId && !endedStatuses.has(status));
    if (below !== undefined) this.#speaker.say(life, 'act', what, below.id);
  }

  // The course of it.

  /** Gives the process that has come to the end. */
  async #drive(): Promise<Life> {
    let life = await this.#live();
    let helped = 0;
    for (let turn = 0; turn < maxTurns && helped < maxHelp; turn++) {
      await this.#world.clock.settle();
      if (!life.isAlive) {
        await life.engine.close();
        life = await this.#live();
        continue;
      }
      const { isOver } = this.#world;
      const waitMs = isOver ? null : this.#nextMs();
      if (waitMs !== null) await this.#world.clock.advance(waitMs);
      else if (this.#acts.length > 0) this.#actNext(life);
      else if (isOver) return life;
      else {
        helped += 1;
        this.#help(life);
      }
    }
    for (const { id, status, waitingFor } of this.#world.rows)
      if (!endedStatuses.has(status))
        this.#world.broken.push(`I6: ${id} does not end: it is ${status}, and waits for ${String(waitingFor)}`);
    return life;
  }

  async #live(): Promise<Life> {
    const life = await Life.begin({
      world: this.#world,
      sleepAfterMs: this.#sleepAfterMs,
      happens: () => {
        this.#happens();
      },
    });
    this.#life = life;
    // One that dies does not hear of it.
    if (this.#world.row(runId) === null) life.engine.start('test', this.#input, { runId }).catch(() => undefined);
    return life;
  }

  /** To the next timer. */
  #nextMs(): number | null {
    const { clock, now } = this.#world;
    return clock.nextAt === null || clock.nextAt - now > horizonMs ? null : clock.nextAt - now;
  }

  /** All that a run may need to come to its end. */
  #help(life: Life): void {
    for (const { id, status, waitingFor } of this.#world.rows) {
      if (endedStatuses.has(status)) continue;
      if (status === 'paused') this.#speaker.say(life, 'help', 'resume', id);
      else if (waitingFor === 'signal') this.#speaker.say(life, 'help', 'signal', id);
      else if (waitingFor === 'human') this.#speaker.say(life, 'help', 'answer', id);
    }
    this.#speaker.complete(life);
    const [first = ''] = this.#world.tokens.keys();
    this.#world.tokens.delete(first);
  }
}
