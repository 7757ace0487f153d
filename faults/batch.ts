/**
 * A batch: one store that survives many deaths of its process. A process is started, spoken to, killed at a drawn moment, and the
 * next one begins at once on what it left; at times while the one before is still alive. After each death histories and acknowledged
 * commands are looked at; when nobody kills any more everything must come to its end, each thing once.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Checks } from './checks.ts';
import { Commands } from './commands.ts';
import { EngineLife } from './engine-life.ts';
import { drawMoment, untilTheEnd, type Moment } from './moments.ts';
import { People } from './people.ts';
import { Receiver } from './receiver.ts';
import { checkResources } from './resources.ts';
import { seededRandom } from './seeded-random.ts';

export interface BatchOptions {
  readonly seed: number;
  readonly kills: number;
  readonly durability: string;
  /** A bug of planted-bugs.ts. @default none */
  readonly plant?: string;
  /** A folder for compiled code, as of a life. @default none */
  readonly codeCache?: string;
  /** Whether what a process has open is held against the beginning, too. It takes some seconds. */
  readonly resources: boolean;
  /** Told of each death. */
  readonly onDeath: (kind: string) => void;
}

export interface BatchResult {
  readonly broken: readonly string[];
  /** The store, kept when something is broken. */
  readonly folder: string;
  readonly runs: number;
  readonly events: number;
  readonly calls: number;
  readonly repeated: number;
  readonly acked: number;
  readonly refused: number;
}

/** A life that has begun. */
interface Begun {
  readonly engine: EngineLife;
  readonly moment: Moment;
  readonly isReady: Promise<boolean>;
}

const livesAhead = 2;
/** In how many of the lives the next one begins before it is over. */
const besideShare = 0.15;
const portions = 3;
/** When nobody kills any more something has to happen within. */
const stallMs = 10_000;
const closeMs = 15_000;
const helpMs = 150;

export async function runBatch(options: BatchOptions): Promise<BatchResult> {
  const receiver = await Receiver.open(seededRandom(options.seed + 1));
  const batch = new Batch(options, receiver);
  try {
    return await batch.run();
  } finally {
    receiver.close();
  }
}

class Batch {
  readonly #options: BatchOptions;
  readonly #receiver: Receiver;
  readonly #random: () => number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'dank-kill-'));
  readonly #file = join(this.#folder, 'store.db');
  readonly #commands = new Commands();
  readonly #checks: Checks;
  readonly #people: People;
  readonly #ahead: EngineLife[] = [];
  #beside: Begun | null = null;

  constructor(options: BatchOptions, receiver: Receiver) {
    this.#options = options;
    this.#receiver = receiver;
    this.#random = seededRandom(options.seed);
    this.#checks = new Checks(this.#file, this.#commands, receiver);
    this.#people = new People({
      name: String(options.seed),
      commands: this.#commands,
      checks: this.#checks,
      receiver,
      random: this.#random,
    });
  }

  async run(): Promise<BatchResult> {
    const { kills, seed } = this.#options;
    const { broken } = this.#checks;
    try {
      for (let kill = 1; kill <= kills && broken.length === 0; kill += 1) {
        await this.#live();
        await this.#look(false);
      }
      if (broken.length === 0) await this.#end();
    } finally {
      for (const engine of [...this.#ahead, ...(this.#beside === null ? [] : [this.#beside.engine])]) engine.kill();
    }
    if (broken.length === 0) rmSync(this.#folder, { recursive: true });
    const calls = [...this.#receiver.calls.values()];
    return {
      broken: broken.map((what) => `seed ${seed}: ${what}`),
      folder: this.#folder,
      runs: this.#people.runs,
      events: this.#checks.eventCount,
      calls: calls.length,
      repeated: calls.filter((call) => call.calls > 1).length,
      acked: this.#commands.ackedCount,
      refused: this.#commands.refusedCount,
    };
  }

  async #look(isOver: boolean): Promise<void> {
    await this.#receiver.caughtUp();
    try {
      this.#checks.look(isOver);
    } catch (error) {
      this.#checks.broken.push(`I2: what was left cannot be read: ${String(error)}`);
    }
  }

  /** One life of the process, to its death. */
  async #live(): Promise<void> {
    const life = this.#beside ?? (await this.#begin(drawMoment(this.#random)));
    this.#beside = null;
    const { engine, moment } = life;
    this.#killAtCall(life);
    const over = moment.closesAfterMs === null ? this.#killAfter(life) : this.#killInClosing(life);
    const speaking = life.isReady.then((isReady) => (isReady ? this.#speak(engine) : undefined));
    if (this.#random() < besideShare) this.#beside = await this.#begin(drawMoment(this.#random));
    const kind = await over;
    await engine.ended;
    await speaking;
    this.#receiver.onCall = () => undefined;
    this.#options.onDeath(kind);
  }

  async #begin(moment: Moment): Promise<Begun> {
    const engine = this.#nextLife();
    await engine.loaded;
    return { engine, moment, isReady: engine.begin(moment.point) };
  }

  /** Gives of what it died. */
  async #killAfter({ engine, moment, isReady }: Begun): Promise<string> {
    if (!moment.isInStartUp) await isReady;
    const diedBefore = await engine.endsWithin(moment.afterMs);
    engine.kill();
    return diedBefore || moment.isByClock ? moment.kind : 'by the clock';
  }

  async #killInClosing({ engine, moment, isReady }: Begun): Promise<string> {
    if (await isReady) {
      await engine.endsWithin(moment.closesAfterMs ?? 0);
      engine.tell(this.#commands.make('close'));
    }
    await engine.endsWithin(moment.afterMs);
    engine.kill();
    return moment.kind;
  }

  #killAtCall({ engine, moment: { call } }: Begun): void {
    let left = call?.nth ?? 0;
    this.#receiver.onCall = (key, phase) => {
      if (phase !== call?.phase || key.includes('-compensate:') !== call.isUndo) return;
      left -= 1;
      if (left === 0) engine.kill();
    };
  }

  /** What people say comes in a few portions, so that some of it meets runs in the middle of something. */
  async #speak(engine: EngineLife): Promise<void> {
    for (let portion = 0; portion < portions && engine.isAlive; portion += 1) {
      for (const command of this.#people.speak())
        (this.#beside !== null && this.#random() < 0.5 ? this.#beside.engine : engine).tell(command);
      await engine.endsWithin(20 + this.#random() * 120);
    }
  }

  /** Nobody kills any more: all runs come to their end. */
  async #end(): Promise<void> {
    this.#beside?.engine.kill();
    await this.#beside?.engine.ended;
    this.#beside = null;
    const { engine, isReady } = await this.#begin(untilTheEnd);
    if (!(await isReady)) {
      this.#checks.broken.push('I6: the engine does not start any more');
      return;
    }
    await this.#endAll(engine);
    if (this.#options.resources && this.#checks.broken.length === 0)
      await checkResources({
        engine,
        commands: this.#commands,
        start: () => this.#people.start(),
        endAll: () => this.#endAll(engine),
        fail: (invariant, what) => void this.#checks.broken.push(`${invariant}: ${what}`),
      });
    engine.tell(this.#commands.make('close'));
    if (!(await engine.endsWithin(closeMs))) this.#checks.broken.push('I10: the engine does not close');
    engine.kill();
    await engine.ended;
    await this.#look(true);
  }

  async #endAll(engine: EngineLife): Promise<void> {
    const checks = this.#checks;
    let progress = -1;
    let movedAt = performance.now();
    for (;;) {
      await this.#look(false);
      if (checks.isOver || checks.broken.length > 0) return;
      if (checks.progress !== progress) movedAt = performance.now();
      progress = checks.progress;
      if (performance.now() - movedAt > stallMs) return;
      for (const run of checks.open) for (const command of this.#people.help(run)) engine.tell(command);
      await sleep(helpMs);
    }
  }

  /** A process that has loaded its code, and waits to be let begin. */
  #nextLife(): EngineLife {
    const { durability, plant, codeCache } = this.#options;
    while (this.#ahead.length <= livesAhead) {
      this.#ahead.push(
        new EngineLife({
          file: this.#file,
          receiver: this.#receiver.url,
          durability,
          ...(plant === undefined ? {} : { plant }),
          ...(codeCache === undefined ? {} : { codeCache }),
          commands: this.#commands,
          complain: (what) => void this.#checks.broken.push(what),
        }),
      );
    }
    return this.#ahead.shift() as EngineLife;
  }
}
