/** What people say to runs that are steered, and who heard it. */
import { InvariantError, WorkflowError } from '../../../src/core/errors.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import type { SeenCommand } from '../../../src/testing/simulation/journal.ts';
import { type Life, nameOf } from './life.ts';
import type { SteeredWorld } from './world.ts';

type Saying = 'pause' | 'resume' | 'cancel' | 'terminate' | 'retry' | 'skip' | 'signal' | 'answer';
type Below = 'pause' | 'resume' | 'cancel' | 'terminate';

/** What is said to the run, or (`below`) to the newest of the runs below it that has not ended; or its process dies. */
export type Deed = Saying | 'complete' | `${Below} below` | 'crash';

export const deeds: readonly Deed[] = [
  'pause',
  'resume',
  'cancel',
  'terminate',
  'retry',
  'crash',
  'pause below',
  'resume below',
  'cancel below',
  'terminate below',
  'skip',
  'signal',
  'answer',
  'complete',
];

const kinds: Readonly<Record<Saying, string>> = {
  pause: 'run.paused',
  resume: 'run.resumed',
  cancel: 'run.cancelled',
  terminate: 'run.terminated',
  retry: 'run.rebased',
  skip: 'run.rebased',
  signal: 'signal.received',
  answer: 'task.answered',
};

export class Speaker {
  readonly #world: SteeredWorld;
  #said = 0;

  constructor(world: SteeredWorld) {
    this.#world = world;
  }

  /** `who`: the names of all of a kind begin with it. */
  say(life: Life, who: string, deed: Saying, run: string): void {
    const { journal, broken } = this.#world;
    this.#said += 1;
    const by = `${who}${this.#said}`;
    const saying = said(life.engine, deed, run, by);
    if (saying === null) return;
    const command: SeenCommand = { by, kind: kinds[deed], run, state: 'sent' };
    journal.commands.push(command);
    saying.then(
      () => {
        if (life.isAlive) command.state = 'acknowledged';
      },
      (error: unknown) => {
        if (!life.isAlive) return;
        command.state = 'refused';
        if (!(error instanceof WorkflowError) || error instanceof InvariantError)
          broken.push(`I5: ${deed} to ${run}: ${String(error)}`);
      },
    );
  }

  /** The work that was accepted first is done. */
  complete(life: Life): void {
    const { journal, tokens } = this.#world;
    const [[token, name] = []] = tokens;
    const call = journal.calls.find((each) => nameOf(each) === name);
    if (token === undefined || call === undefined) return;
    journal.gave(call, 'later');
    life.engine.completeEffect(token, 'later').then(
      () => {
        if (life.isAlive) journal.completions.push(call);
      },
      () => undefined,
    );
  }
}

/** Null: there is nothing that it could be about. */
function said(engine: Engine, deed: Saying, run: string, by: string): Promise<unknown> | null {
  switch (deed) {
    case 'signal':
      return engine.signal(run, 'go', 1, { by });
    case 'skip': {
      const steps = engine.run(run).steps();
      const step = steps.findLast(({ status }) => status === 'running' || status === 'failed');
      return step === undefined ? null : engine.skip(run, step.id, { by });
    }
    case 'answer': {
      const task = engine.tasks().find(({ runId }) => runId === run);
      return task === undefined ? null : engine.answer(task.id, { decision: 'approve' }, { by });
    }
    default:
      return engine[deed](run, { by });
  }
}
