/**
 * One simulation: workflows under everything that can go wrong, in an order that a seed decides; then all faults stop, everything
 * has to come to its end, and the invariants are judged. Owns the course of it.
 */
import { endedStatuses, type RunRow } from '../../core/run.ts';
import { WorkflowError } from '../../core/errors.ts';
import { MemoryDatabase, MemoryStore } from '../../store/memory.ts';
import { runReport } from '../../engine/read/report.ts';
import { Values } from '../../engine/dispatch/values.ts';
import { checkBegin, checkCall } from './check-call.ts';
import { calmMisbehaviour, climateOf, type Climate } from './climate.ts';
import { LateWork } from './late-work.ts';
import { Journal } from './journal.ts';
import { judge } from './judge.ts';
import { checkHeld } from './judge-held.ts';
import { People } from './people.ts';
import { nextTurn } from '../turn.ts';
import type { SimulationPlan } from './plan.ts';
import { hearPrinted } from './printed.ts';
import type { SimulationOptions, SimulationResult } from './simulation.ts';
import { SimProcess, type Weather } from './sim-process.ts';
import { Timeline } from './timeline.ts';
import type { MakingNow } from './usage.ts';
import { World } from './world.ts';

/** Steps of the world after which what has not ended is taken for stuck. */
const maxHealing = 6_000;
/** Looks of a process at what others left, of which one is for dead ones. */
const looksAtRest = 10;

export async function simulateSeed(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options);
  const stopHearing = options.hearsPrints === true ? hearPrinted((text) => simulation.print(text)) : null;
  try {
    return await simulation.run();
  } finally {
    stopHearing?.();
  }
}

class Simulation {
  readonly #seed: number;
  readonly #plan: SimulationPlan;
  readonly #world: World;
  readonly #journal = new Journal();
  readonly #database = new MemoryDatabase();
  readonly #weather: Weather;
  readonly #timeline: Timeline;
  readonly #climate: Climate;
  readonly #people: People;
  readonly #lateWork: LateWork;
  readonly #making: MakingNow = new Map();
  #processes: SimProcess[] = [];
  #born = 0;
  readonly #mayKill: boolean;
  readonly #mayCommand: boolean;
  #isCalm = false;

  constructor({ seed, plan, faults = {}, killAt }: SimulationOptions) {
    this.#seed = seed;
    this.#mayKill = faults.crashes !== false;
    this.#mayCommand = faults.commands !== false;
    this.#plan = plan;
    this.#world = new World(seed);
    this.#climate = climateOf(this.#world, faults);
    this.#journal.isForgetful = this.#climate.durability === 'async';
    this.#weather = {
      death: this.#climate.death,
      isFull: false,
      cacheFailure: this.#climate.cacheFailure,
      skewMs: 0,
      writes: 0,
      killAt: killAt ?? null,
    };
    this.#timeline = new Timeline(this.#world, () => this.#weather.isFull);
    this.#lateWork = new LateWork({ world: this.#world, journal: this.#journal, hosts: () => this.#alive });
    this.#people = new People({ world: this.#world, journal: this.#journal, plan, database: this.#database });
  }

  print(text: string): void {
    for (const line of text.split('\n')) this.#world.trace.note(`prints ${line}`);
  }

  async run(): Promise<SimulationResult> {
    try {
      await (this.#weather.killAt === null ? this.#rage() : this.#walk());
      await this.#heal();
      this.#ask();
      checkHeld(this.#journal, this.#alive);
      await this.#close();
      judge(this.#journal, this.#database, this.#plan, this.#timeline);
    } catch (error) {
      this.#journal.violate(
        'I5',
        `something threw: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
    const values = new Values(new MemoryStore(this.#database));
    const runs = this.#rows().map((row) => {
      const { id, workflow, status } = row;
      const report = runReport(row, values);
      const outcome = JSON.stringify('output' in report ? report.output : 'error' in report ? report.error.code : null);
      return { id, workflow, status, outcome };
    });
    return {
      seed: this.#seed,
      hash: this.#world.trace.hash,
      violations: this.#journal.violations,
      trace: this.#world.trace.lines,
      runs,
      writes: this.#weather.writes,
      calls: this.#journal.calls.length,
      deaths: this.#born - this.#processes.filter(({ isAlive }) => isAlive).length,
      seen: this.#journal.seen,
    };
  }

  // While everything may go wrong.

  async #rage(): Promise<void> {
    const { steps, haste } = this.#climate;
    for (let step = 0; step < steps; step++) {
      if (
        !this.#processes.some(({ isAlive }) => isAlive) ||
        (this.#alive.length < this.#climate.processes && this.#world.chance(0.02))
      )
        await this.#birth();
      this.#misfortune();
      const host = this.#alive[0] === undefined ? null : this.#world.pick(this.#alive);
      if (host !== null && (step === 0 || this.#world.chance(this.#climate.command)))
        this.#people.say(host, this.#climate.ends);
      if (host !== null && this.#world.chance(0.1)) host.look();
      const happened = await this.#world.step(haste);
      if (happened || host === null) continue;
      // Nobody does anything by himself any more.
      if (this.#mayCommand) this.#people.say(host, this.#climate.ends);
      else this.#people.start(host);
    }
  }

  /** One run, started again whenever its process has died before that was heard of. */
  async #walk(): Promise<void> {
    for (let step = 0; step < maxHealing; step++) {
      if (this.#alive.length === 0) await this.#birth();
      const [host] = this.#alive;
      if (
        host !== undefined &&
        !this.#journal.commands.some(({ state }) => state === 'acknowledged') &&
        this.#isAtRest()
      )
        this.#people.startFirst(host);
      await this.#world.step();
      if (this.#journal.lengthOf('r1') > 0 && this.#alive.length > 0 && this.#isAtRest()) return;
    }
  }

  get #alive(): readonly SimProcess[] {
    return this.#processes.filter(({ engine }) => engine !== null);
  }

  #misfortune(): void {
    const { kill, disk, jump } = this.#climate;
    const world = this.#world;
    if (world.chance(kill) && this.#alive.length > 0) world.pick(this.#alive).kill('at rest');
    if (world.chance(this.#weather.isFull ? 0.1 : disk)) {
      this.#weather.isFull = !this.#weather.isFull;
      this.#happens(this.#weather.isFull ? 'the disk is full' : 'the disk has room');
    }
    if (!world.chance(jump)) return;
    const ms = world.pick([-86_400_000, -3_600_000, -50, 50, 60_000, 86_400_000]);
    this.#weather.skewMs += ms;
    this.#journal.hasJumped = true;
    this.#happens('clocks jump', ` by ${ms}`);
  }

  #happens(what: string, more = ''): void {
    this.#journal.saw(what);
    this.#world.trace.say(what + more);
  }

  async #birth(): Promise<void> {
    this.#born += 1;
    this.#processes = this.#processes.filter(({ isAlive }) => isAlive);
    const host = new SimProcess({
      name: `p${this.#born}`,
      world: this.#world,
      journal: this.#journal,
      timeline: this.#timeline,
      weather: this.#weather,
      database: this.#database,
      workflows: this.#plan.workflows,
      sleepAfterMs: this.#climate.sleepAfterMs,
      durability: this.#climate.durability,
      making: this.#making,
      accept: (token, asked, output) => this.#lateWork.accept(token, asked, output),
      misbehaviour: () => (this.#isCalm ? calmMisbehaviour : this.#climate.misbehaviour),
      answer: (asked) => this.#plan.answer(asked, this.#world),
      check: (call) => {
        checkCall(this.#journal, this.#database, call);
      },
      checkBegin: (run, effect) => {
        checkBegin(this.#journal, this.#database, run, effect);
      },
    });
    this.#processes.push(host);
    await host.start();
  }

  // When all faults have stopped.

  /** I6: everything comes to its end. */
  async #heal(): Promise<void> {
    this.#isCalm = true;
    this.#world.trace.say('all is well');
    Object.assign(this.#weather, { death: 0, isFull: false, cacheFailure: 0 });
    if (this.#mayKill && this.#world.chance(0.5)) for (const host of this.#processes) host.kill('at last');
    if (this.#alive.length === 0) await this.#birth();
    for (let step = 0; step < maxHealing; step++) {
      // Of a crash at a write that comes only now.
      if (this.#alive.length === 0) await this.#birth();
      if (this.#isDone() && (await this.#isStillDone())) return;
      if (this.#isAtRest()) await this.#nudge();
      if (!(await this.#world.step())) await this.#nudge();
    }
    const open = this.#rows().filter(({ status }) => !endedStatuses.has(status));
    for (const { id, status, waitingFor } of open)
      this.#journal.violate(
        'I6',
        `run '${id}' does not end: it is ${status}, and waits for ${waitingFor ?? 'nothing'}`,
      );
    if (open.length === 0) this.#journal.violate('I9', `the inbox still holds ${this.#waitingEntries()} entries`);
  }

  #isDone(): boolean {
    return (
      this.#isAtRest() &&
      [...this.#database.runs.values()].every(({ status }) => endedStatuses.has(status)) &&
      this.#waitingEntries() === 0 &&
      // A run that was to go on while the disk was full still does.
      this.#alive.every(({ engine }) => engine?.held.commits === 0)
    );
  }

  /** Also when all that is under way has come to its end, and everybody has looked around. */
  async #isStillDone(): Promise<boolean> {
    for (const host of this.#alive) for (let look = 0; look < looksAtRest; look++) host.look();
    await nextTurn();
    return this.#isDone();
  }

  #waitingEntries(): number {
    return [...this.#database.inbox.values()].filter(({ refused }) => refused === undefined).length;
  }

  #isAtRest(): boolean {
    return this.#world.pending.every(({ at }) => at > this.#world.now);
  }

  /** Processes look around, and people do what is waited for. */
  async #nudge(): Promise<void> {
    for (const host of this.#alive) for (let look = 0; look < looksAtRest; look++) host.look();
    for (const { status, row: text } of [...this.#database.runs.values()]) {
      if (endedStatuses.has(status)) continue;
      const row = JSON.parse(text) as RunRow;
      const host = this.#world.pick(this.#alive);
      if (row.status === 'paused') this.#people.resume(host, row.id);
      else if (row.waitingFor === 'human' || row.waitingFor === 'signal') this.#people.help(host, row.id);
      if (this.#journal.left.has(row.id)) for (const each of this.#alive) this.#continue(each, row.id);
    }
  }

  /** As a person would, of a run that an engine left, for want of a disk. */
  #continue({ engine }: SimProcess, run: string): void {
    try {
      engine?.continueRun(run);
    } catch (error) {
      if (!(error instanceof WorkflowError && error.code === 'CONFLICT')) throw error;
    }
  }

  #rows(): readonly RunRow[] {
    return [...this.#database.runs.values()].map(({ row }) => JSON.parse(row) as RunRow);
  }

  /** What engines that have lived through it say of the runs. */
  #ask(): void {
    for (const { engine } of this.#alive) {
      for (const { id, status } of this.#rows()) {
        const report = status === 'completed' ? engine?.report(id) : undefined;
        if (report?.status === 'completed') this.#journal.outputs.set(id, JSON.stringify(report.output));
      }
    }
  }

  /** I10: a closed engine leaves nothing behind. */
  async #close(): Promise<void> {
    const closing = Promise.all(this.#alive.map(async ({ engine }) => engine?.close()));
    const state = { isClosed: false };
    void closing.then(() => (state.isClosed = true));
    for (let step = 0; step < 100 && !state.isClosed; step++) await this.#world.step();
    await this.#world.step();
    if (!state.isClosed) this.#journal.violate('I10', 'an engine does not close');
    const left = this.#world.pending.filter(({ what }) => what.endsWith('timer'));
    if (left.length > 0) this.#journal.violate('I10', `${left.length} timers are left by engines that were closed`);
  }
}
