/** People and programs of a simulation: what they say to runs, from any process, at any time, also twice and too late. */
import { InvariantError, WorkflowError } from '../../core/errors.ts';
import { endedStatuses } from '../../core/run.ts';
import type { Engine } from '../../engine/engine.ts';
import type { SeenCommand } from './journal.ts';
import type { SimProcess } from './sim-process.ts';
import type { PeopleOptions, Say } from './say.ts';
import { Steering } from './steering.ts';

export class People {
  readonly #options: PeopleOptions;
  readonly #steering: Steering;
  /** What is started, by run id. */
  readonly #started = new Map<string, { readonly workflow: string; readonly input: unknown }>();
  #count = 0;

  constructor(options: PeopleOptions) {
    this.#options = options;
    this.#steering = new Steering(options, this.#send);
  }

  /** Says anything to any run. `mayEnd`: also what ends it. */
  say(host: SimProcess, mayEnd: boolean): void {
    const { world, plan } = this.#options;
    if (host.engine === null) return;
    const roll = world.random.next();
    if (roll < 0.2 || this.#started.size === 0) return this.start(host);
    const run = this.#anyRun();
    if (roll < 0.32 && plan.signals.length > 0) return this.#signal(host, run);
    if (roll < 0.44) return this.#answer(host, world.chance(0.5));
    if (roll < 0.52) return this.#send(host, { kind: 'run.paused', run }, (it, by) => it.pause(run, { by }));
    if (roll < 0.62) return this.resume(host, run);
    if (roll < 0.66) return this.#read(host, run);
    if (roll < 0.95 || !mayEnd) return this.#steering.steer(host);
    if (roll < 0.985) return this.#send(host, { kind: 'run.cancelled', run }, (it, by) => it.cancel(run, { by }));
    this.#send(host, { kind: 'run.terminated', run }, (it, by) => it.terminate(run, { by }));
  }

  #anyRun(): string {
    const { world, database } = this.#options;
    const open = [...database.runs].flatMap(([id, { status }]) => (endedStatuses.has(status) ? [] : [id]));
    if (open.length > 0 && world.chance(0.8)) return world.pick(open);
    return world.pick([...database.runs.keys(), ...this.#started.keys()]);
  }

  /** A new run, one that is there already, or an id that is taken by another. */
  start(host: SimProcess): void {
    const { world, plan } = this.#options;
    const known = [...this.#started];
    const isNew = known.length === 0 || (world.chance(0.7) && known.length < 4);
    const [run, before] = isNew ? [`r${known.length + 1}`, world.pick(plan.starts)] : world.pick(known);
    this.#started.set(run, before);
    const isOther = !isNew && world.chance(0.2);
    const input = isOther ? { ...(before.input as object), other: this.#count } : before.input;
    const command = { kind: isOther ? 'start other' : 'start', run, input };
    this.#send(host, command, async (engine) => {
      const handle = await engine.start(before.workflow, input, { runId: run });
      if (world.chance(this.#eagerness(run))) void this.#listen(engine, host, handle.id);
    });
  }

  /** How likely one more listens: it is told all from the beginning, which takes long with a long history. */
  #eagerness(run: string): number {
    const { journal } = this.#options;
    const listening = journal.streams.filter((stream) => stream.run === run).length;
    return 0.5 / (1 + listening * (1 + journal.lengthOf(run) / 20));
  }

  /** The first start of the plan, under the same id each time. */
  startFirst(host: SimProcess): void {
    const [start] = this.#options.plan.starts;
    if (start === undefined) return;
    const command = { kind: 'start', run: 'r1', input: start.input };
    this.#send(host, command, (engine) => engine.start(start.workflow, start.input, { runId: 'r1' }));
  }

  resume(host: SimProcess, run: string): void {
    this.#send(host, { kind: 'run.resumed', run }, (engine, by) => engine.resume(run, { by }));
  }

  /** Answers all open tasks, and sends what is waited for. */
  help(host: SimProcess, run: string): void {
    const { engine } = host;
    const { plan, world } = this.#options;
    if (engine === null) return;
    for (const task of engine.tasksOf(run)) {
      const answer = plan.fillIn(task, world);
      this.#send(host, { kind: 'task.answered', run }, (it, by) => it.answer(task.id, answer, { by }));
    }
    const waits = engine.steps(run).filter(({ type, status }) => type === 'signal' && status === 'running');
    if (waits.length === 0) return;
    for (const { name } of plan.signals) this.#signal(host, run, name);
  }

  #who(): string {
    this.#count += 1;
    return `c${this.#count}`;
  }

  #signal(host: SimProcess, run: string, name?: string): void {
    const { plan, world } = this.#options;
    const signal = name === undefined ? world.pick(plan.signals) : plan.signals.find((each) => each.name === name);
    if (signal === undefined) return;
    const payload = signal.payload(world);
    const command = { kind: 'signal.received', run };
    this.#send(host, command, (engine, by) => engine.signal(run, signal.name, payload, { by }));
  }

  #answer(host: SimProcess, isTwice: boolean): void {
    const { plan, world } = this.#options;
    const tasks = host.engine?.tasks() ?? [];
    if (tasks.length === 0) return;
    const task = world.pick(tasks);
    const run = task.runId;
    if (world.chance(0.3)) this.#send(host, { kind: 'run.paused', run }, (it, by) => it.pause(run, { by }));
    for (let time = 0; time < (isTwice ? 2 : 1); time++) {
      const answer = plan.fillIn(task, world);
      this.#send(host, { kind: 'task.answered', run }, (it, by) => it.answer(task.id, answer, { by }));
    }
  }

  /** What is asked changes nothing, and is always answered. */
  #read(host: SimProcess, run: string): void {
    const { engine } = host;
    if (engine === null || !this.#options.database.runs.has(run)) return;
    try {
      engine.report(run);
      engine.query(run);
      engine.steps(run);
      engine.tasks();
      engine.runs({ limit: 5 });
    } catch (error) {
      this.#options.journal.violate('I5', `run '${run}' cannot be read: ${String(error)}`);
    }
  }

  readonly #send: Say = (host, sent, action) => {
    const { world, journal } = this.#options;
    const { engine } = host;
    if (engine === null) return;
    const by = this.#who();
    const command: SeenCommand = { ...sent, by, state: 'sent' };
    journal.commands.push(command);
    world.trace.say(`${by} says ${sent.name ?? sent.kind} to ${command.run} at ${host.name}`);
    action(engine, by).then(
      () => {
        if (host.isAlive) this.#heard(command, 'acknowledged');
      },
      (error: unknown) => {
        if (!host.isAlive) return;
        this.#heard(command, 'refused', error instanceof WorkflowError ? error.code : String(error));
        if (!(error instanceof WorkflowError) || error instanceof InvariantError)
          journal.violate('I5', `${sent.name ?? sent.kind} to run '${command.run}': ${String(error)}`);
      },
    );
  };

  #heard(command: SeenCommand, state: SeenCommand['state'], why = ''): void {
    command.state = state;
    this.#options.journal.saw(`${command.name ?? command.kind} ${state}`);
    this.#options.world.trace.say(`${command.by} ${state} ${why}`);
  }

  /** Nobody is told of what is not committed (D1). */
  async #listen(engine: Engine, host: SimProcess, run: string): Promise<void> {
    const { journal } = this.#options;
    const stream = { run, told: [] as (typeof journal.streams)[number]['told'] };
    journal.streams.push(stream);
    try {
      for await (const event of engine.events(run)) {
        if (!host.isAlive) return;
        if (!('seq' in event)) continue;
        stream.told.push(event);
        if (event.seq > journal.lengthOf(run) && !journal.isForgetful)
          journal.violate('I1', `run '${run}': ${event.type} was told before event ${event.seq} was committed`);
      }
    } catch (error) {
      if (host.isAlive && !(error instanceof WorkflowError))
        journal.violate('I5', `the events of '${run}': ${String(error)}`);
    }
  }
}
