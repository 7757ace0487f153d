/**
 * Recorded runs, run again on the workflows as they are now, in virtual time: agents, http steps and own steps answer what they
 * answered then, people and programs say what they said. Prompts, templates, functions and outputs are made anew.
 */
import { isDeepStrictEqual } from 'node:util';
import { InputError, toErrorData, WorkflowError, type ErrorData } from '../../core/errors.ts';
import type { Recorded, RunStarted } from '../../core/event.ts';
import { isPlainObject } from '../../core/json.ts';
import { endedStatuses, type RunStatus } from '../../core/run.ts';
import { materialize } from '../../core/stored-value.ts';
import { createTree } from '../../definition/checks/tree.ts';
import { toDefinition, type Workflow, type WorkflowDefinition } from '../../definition/index.ts';
import type { Engine } from '../../engine/engine.ts';
import { exportRuns } from '../../store/archive/export.ts';
import { answerOf, hangs, type MockCall, type MockTable } from '../answers.ts';
import { envOf } from '../env-names.ts';
import { UnmockedError } from '../mocks.ts';
import { createTestEngine, type TestEngine } from '../test-engine.ts';
import { RecordedAnswers } from './recorded-answers.ts';
import { readRecording, type RecordedRun, type Recording, type RecordingText } from './recording.ts';
import { stepStories } from './stories.ts';

export interface RerunOptions {
  /** What agents answer where the recording has no answer of theirs, by name. @default it is an error */
  readonly agents?: MockTable;
  /** What steps do, by id; wins over the recording. @default {} */
  readonly steps?: MockTable;
  /** What `{{env.NAME}}` names. @default each the text `{{env.NAME}}` */
  readonly env?: Readonly<Record<string, string>>;
}

export interface RerunEnd {
  readonly status: RunStatus;
  /** Of a completed run. */
  readonly output: unknown;
  /** Of one that failed or was cancelled; null for others. */
  readonly error: ErrorData | null;
}

export interface HistoryRerun extends RerunEnd {
  readonly run: string;
  readonly workflow: string;
  readonly recorded: RerunEnd;
  /** What was sent to agents and http steps, in order. */
  readonly calls: readonly MockCall[];
  /** What goes otherwise than it went, as sentences: the end, the output, what steps did; empty: nothing. */
  readonly differences: readonly string[];
}

/**
 * Gives one for each top-level run of the recording whose workflow is among those given.
 * @param workflows as they are now, with the children that they start
 * @throws WorkflowError REQUEST_INVALID: no recording, damaged, or of another release; UnmockedError: a step is called that was not
 * called then, and has no mock
 */
export async function rerunHistory(
  workflows: Workflow | WorkflowDefinition | readonly (Workflow | WorkflowDefinition)[],
  recording: RecordingText,
  options: RerunOptions = {},
): Promise<readonly HistoryRerun[]> {
  const definitions = [workflows].flat().map(toDefinition);
  const read = await readRecording(recording);
  const reruns: HistoryRerun[] = [];
  for (const run of read.runs) {
    const definition = definitions.findLast(({ name }) => name === run.row.workflow);
    const [first] = run.events;
    if (run.row.kind !== 'run' || definition === undefined || first?.event.type !== 'run.started') continue;
    const tree = read.runs.filter(({ row: { id } }) => id === run.row.id || id.startsWith(`${run.row.id}/`));
    reruns.push(await new Rerun({ recording: read, run, tree, definition, definitions, options }).go());
  }
  return reruns;
}

interface RerunParts {
  readonly recording: Recording;
  readonly run: RecordedRun;
  /** The run and all that is below it. */
  readonly tree: readonly RecordedRun[];
  readonly definition: WorkflowDefinition;
  readonly definitions: readonly WorkflowDefinition[];
  readonly options: RerunOptions;
}

/** What is not of this process alone, and was answered then. */
const answering: ReadonlySet<string> = new Set(['agent', 'http', 'custom']);

class Rerun {
  readonly #parts: RerunParts;
  readonly #answers: RecordedAnswers;
  #unanswered: UnmockedError | null = null;

  constructor(parts: RerunParts) {
    this.#parts = parts;
    this.#answers = new RecordedAnswers(parts.recording, parts.tree);
  }

  async go(): Promise<HistoryRerun> {
    const { run, recording, definition, definitions, options } = this.#parts;
    const { id } = run.row;
    const started = (run.events[0] as Recorded<RunStarted>).event;
    await using engine = await createTestEngine({
      workflows: definitions,
      steps: { ...this.#mocks(), ...options.steps },
      env: options.env ?? envOf(definitions, (name) => `{{env.${name}}}`),
      startAt: run.events[0]?.at ?? 0,
      verify: 'off',
      record: null,
    });
    try {
      await engine.start(definition, materialize(started.input, recording.values, id), { runId: id });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return this.#result({ status: 'failed', output: undefined, error: toErrorData(error) }, engine, [error.message]);
    }
    await this.#tell(engine);
    if (this.#unanswered !== null) throw this.#unanswered;
    const report = engine.engine.report(id);
    const { status } = report;
    const end: RerunEnd = {
      status,
      output: report.status === 'completed' ? report.output : undefined,
      error: report.status === 'failed' || report.status === 'cancelled' ? report.error : null,
    };
    const now = await readRecording(exportRuns(engine.store, [id]));
    const then = stepStories(recording, this.#parts.tree);
    const open = this.#parts.tree.flatMap(({ row }) => (row.endedAt === null ? [row.id] : []));
    return this.#result(end, engine, storyDifferences(then, stepStories(now, now.runs), open));
  }

  #result(end: RerunEnd, { mocks }: TestEngine, steps: readonly string[]): HistoryRerun {
    const { row } = this.#parts.run;
    const output = row.output === null ? undefined : materialize(row.output, this.#parts.recording.values, row.id);
    const recorded: RerunEnd = { status: row.status, output, error: row.error };
    const ends = [
      ...(end.status === row.status ? [] : [`it is ${statusText(end)}, and was ${statusText(recorded)}`]),
      ...(end.status !== 'completed' || row.status !== 'completed' || isDeepStrictEqual(end.output, output)
        ? []
        : [`its output is ${textOf(end.output)}, and was ${textOf(output)}`]),
    ];
    return {
      run: row.id,
      workflow: row.workflow,
      ...end,
      recorded,
      calls: mocks.calls,
      differences: [...ends, ...steps],
    };
  }

  #mocks(): MockTable {
    const steps = this.#parts.definitions.flatMap((each) => createTree(each).nodes.map(({ step }) => step));
    const { agents = {} } = this.#parts.options;
    const answer = (call: MockCall): unknown => {
      if (this.#answers.has(call)) return this.#answers.answer(call);
      if (call.agent !== null && Object.hasOwn(agents, call.agent)) return answerOf(agents[call.agent], call);
      // It was under way when it was recorded, and goes on from there.
      if (this.#parts.tree.some(({ row: { id, endedAt } }) => id === call.run && endedAt === null))
        return hangs()(call);
      this.#unanswered ??= unanswered(call);
      throw this.#unanswered;
    };
    return Object.fromEntries(steps.filter(({ type }) => answering.has(type)).map(({ id }) => [id, answer]));
  }

  /** What people and programs said, when they said it; an answer that nobody asks for yet, as soon as it is asked for. */
  async #tell(engine: TestEngine): Promise<void> {
    const { tree, run } = this.#parts;
    const said = tree
      .flatMap(({ row, events }) => events.map((recorded) => ({ run: row.id, recorded })))
      // A run passes on to those below it what ends or holds it.
      .filter(
        ({ run: id, recorded: { event } }) =>
          answers.has(event.type) || (id === run.row.id && controls.has(event.type)),
      )
      .toSorted((a, b) => a.recorded.at - b.recorded.at);
    const early: Said[] = [];
    for (const each of said) {
      if (this.#unanswered !== null) return;
      await passUntil(engine, each.recorded.at);
      if (!(await this.#say(engine, each))) early.push(each);
    }
    await passUntil(engine, Math.max(run.row.updatedAt, run.events.at(-1)?.at ?? 0));
    for (let isMoving = endedStatuses.has(run.row.status); isMoving;) {
      await engine.runUntilIdle();
      isMoving = false;
      for (const each of early.splice(0)) {
        if (await this.#say(engine, each)) isMoving = true;
        else early.push(each);
      }
    }
  }

  /** False: it is not taken, not now at least. */
  async #say(engine: TestEngine, said: Said): Promise<boolean> {
    try {
      if (!(await this.#deliver(engine.engine, said))) return false;
    } catch (error) {
      // The run has ended meanwhile, or is not there.
      if (error instanceof WorkflowError && (error.code === 'CONFLICT' || error.code === 'NOT_FOUND')) return false;
      throw error;
    }
    await engine.settle();
    return true;
  }

  async #deliver(engine: Engine, { run, recorded: { event } }: Said): Promise<boolean> {
    const by = 'by' in event && event.by !== undefined ? { by: event.by } : {};
    switch (event.type) {
      case 'task.answered': {
        const task = `${run}:${event.step}:${event.visit}`;
        if (!engine.tasks().some(({ id }) => id === task)) return false;
        const value = materialize(event.output, this.#parts.recording.values, run);
        const { by: _by, ...answer } = isPlainObject(value) ? value : { by: null };
        await engine.answer(task, answer, by);
        break;
      }
      case 'signal.received':
        if (event.isBroadcast !== true)
          await engine.signal(run, event.name, materialize(event.payload, this.#parts.recording.values, run), by);
        break;
      case 'run.cancelled':
        await engine.cancel(run, by);
        break;
      case 'run.terminated':
        await engine.terminate(run, by);
        break;
      case 'run.paused':
        await engine.pause(run, by);
        break;
      default:
        await engine.resume(run, by);
    }
    return true;
  }
}

interface Said {
  readonly run: string;
  readonly recorded: Recorded;
}

const answers: ReadonlySet<string> = new Set(['task.answered', 'signal.received']);
const controls: ReadonlySet<string> = new Set(['run.cancelled', 'run.terminated', 'run.paused', 'run.resumed']);

async function passUntil(engine: TestEngine, at: number): Promise<void> {
  await engine.advanceBy(Math.max(0, at - engine.now.getTime()));
}

function storyDifferences(
  then: ReadonlyMap<string, readonly string[]>,
  now: ReadonlyMap<string, readonly string[]>,
  open: readonly string[],
): readonly string[] {
  return [...new Set([...then.keys(), ...now.keys()])].flatMap((step) => {
    const [was = [], all = []] = [then.get(step), now.get(step)];
    // What was under way when it was recorded may go on.
    const is = open.some((run) => step.endsWith(` of run ${run}`)) ? all.slice(0, was.length) : all;
    if (isDeepStrictEqual(was, is)) return [];
    const text = (story: readonly string[]): string => (story.length === 0 ? 'does not run' : story.join(', '));
    return [`${step}: ${text(is)}; then: ${text(was)}`];
  });
}

function unanswered({ step, run, visit, attempt }: MockCall): UnmockedError {
  const place = `step '${step}' (run '${run}', visit ${visit}, attempt ${attempt})`;
  return new UnmockedError(`the recording has no answer of ${place}: give it a mock, as steps: { '${step}': ... }`);
}

function statusText({ status, error }: RerunEnd): string {
  return error === null ? status : `${status} (${error.message})`;
}

/** Longer data is cut in messages. */
const maxText = 300;

function textOf(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > maxText ? `${text.slice(0, maxText)}...` : text;
}
