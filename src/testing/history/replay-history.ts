/**
 * Recorded runs against the workflows as they are now: the same events have to lead to the same. It judges what decides (steps,
 * conditions, routers, retries, loops); what agents, functions and templates gave is in the events, and taken from there
 * (`rerun-history.ts` makes it anew).
 */
import { toDefinition, type Workflow, type WorkflowDefinition } from '../../definition/index.ts';
import { isDeepStrictEqual } from 'node:util';
import { readRecording, type RecordedRun, type Recording, type RecordingText } from './recording.ts';
import { Replays, type ReplayedEvent } from './replay.ts';
import { eventText, toldText, withoutPlace } from './told.ts';

export interface HistoryDifference {
  readonly run: string;
  /** The event of the history from which on the run goes otherwise, 1-based. */
  readonly seq: number;
  /** `effect.completed publish`. */
  readonly event: string;
  /** What followed from it then. */
  readonly expected: readonly string[];
  /** What follows from it now. */
  readonly found: readonly string[];
  /** All of it as a sentence. */
  readonly message: string;
}

export interface HistoryReplay {
  /** Runs, rounds and children that were compared. */
  readonly runs: number;
  readonly events: number;
  /** The first of each run; empty: all goes as it went. */
  readonly differences: readonly HistoryDifference[];
  /** What was not compared, and why. */
  readonly notCompared: readonly string[];
}

type Given = Workflow | WorkflowDefinition;

/**
 * Replays events, and runs nothing again. Compared are the decisions of the machine: which steps start, are skipped, retried, fail,
 * which way routers take, which rounds and children begin, how the run ends. Not compared, but taken from the events as they were
 * recorded: what agents, `http` steps, people and signals gave, what functions and templates gave (transforms, decisions by
 * functions, handlers, the run's output), and prompts and requests. `rerunHistory` calls functions and renders templates anew.
 *
 * @param workflows as they are now; runs are compared with the one of their workflow's name
 * @param recording what `dank-workflow export` or `exportRuns` writes
 * @throws WorkflowError REQUEST_INVALID: no recording, damaged, or of another release
 */
export async function replayHistory(
  workflows: Given | readonly Given[],
  recording: RecordingText,
): Promise<HistoryReplay> {
  return compareRecording([workflows].flat().map(toDefinition), await readRecording(recording));
}

export function compareRecording(definitions: readonly WorkflowDefinition[], recording: Recording): HistoryReplay {
  return new Comparison(definitions, recording).compare();
}

class Comparison {
  readonly #definitions: readonly WorkflowDefinition[];
  readonly #recording: Recording;
  readonly #then: Replays;
  readonly #now: Replays;
  readonly #differences: HistoryDifference[] = [];
  readonly #notCompared = new Map<string, string>();
  /** Runs that go otherwise, or were not compared: what is below them is not compared. */
  readonly #left = new Set<string>();
  #runs = 0;
  #events = 0;

  constructor(definitions: readonly WorkflowDefinition[], recording: Recording) {
    this.#definitions = definitions;
    this.#recording = recording;
    this.#then = new Replays(recording, ({ row }, hash) => recording.definitionOf(row, hash));
    this.#now = new Replays(recording, ({ row }) => definitions.findLast(({ name }) => name === row.workflow) ?? null);
  }

  compare(): HistoryReplay {
    for (const run of this.#recording.runs) {
      const { parent, id, workflow } = run.row;
      if (parent !== null && this.#left.has(parent)) this.#left.add(id);
      else this.#compareRun(run, workflow);
    }
    return {
      runs: this.#runs,
      events: this.#events,
      differences: this.#differences,
      notCompared: [...this.#notCompared.values()],
    };
  }

  #compareRun(run: RecordedRun, workflow: string): void {
    const { id } = run.row;
    const now = this.#now.replay(run);
    this.#runs += 1;
    for (const then of this.#then.replay(run)) {
      const { recorded } = then;
      if (recorded.event.type === 'run.rebased' && !this.#isSame(run, recorded.event.hash)) {
        const why = `it goes on from a state of the workflow as it was (${recorded.event.kind})`;
        this.#leave(id, `run '${id}' from event ${recorded.seq} on: ${why}`);
        return;
      }
      const found = next(now);
      if (found === null) return;
      if (typeof found === 'string' && found.startsWith('no workflow ')) {
        this.#runs -= 1;
        this.#leave(id, `runs of '${workflow}': ${found}`, workflow);
        return;
      }
      this.#events += 1;
      const difference = differenceOf(id, then, found);
      if (difference === null) continue;
      this.#differences.push(difference);
      this.#left.add(id);
      return;
    }
  }

  #isSame(run: RecordedRun, hash: string): boolean {
    return this.#definitions.findLast(({ name }) => name === run.row.workflow)?.hash === hash;
  }

  #leave(run: string, why: string, key: string = run): void {
    this.#left.add(run);
    this.#notCompared.set(key, why);
  }
}

/** What follows now; or why the run does not take the event. */
function next(now: Generator<ReplayedEvent>): ReplayedEvent | string | null {
  try {
    const found = now.next();
    return found.done === true ? null : found.value;
  } catch (error) {
    // Also a guard that throws, or a machine that goes wrong: what was changed leads there.
    if (error instanceof Error) return error.message;
    throw error;
  }
}

function differenceOf(run: string, then: ReplayedEvent, now: ReplayedEvent | string): HistoryDifference | null {
  const { recorded, told } = then;
  if (typeof now !== 'string' && isDeepStrictEqual(told.map(withoutPlace), now.told.map(withoutPlace))) return null;
  const expected = told.map(toldText);
  const found = typeof now === 'string' ? [`it is not taken: ${now}`] : now.told.map(toldText);
  const event = eventText(recorded.event);
  const isSameText = isDeepStrictEqual(expected, found);
  const [was, is] =
    isSameText && typeof now !== 'string'
      ? firstOther(told.map(withoutPlace), now.told.map(withoutPlace))
      : [list(expected), list(found)];
  const message = `run '${run}', event ${recorded.seq} (${event}): expected ${was}; found ${is}`;
  return { run, seq: recorded.seq, event, expected, found, message };
}

function list(texts: readonly string[]): string {
  return texts.length === 0 ? 'nothing to follow' : texts.join(', ');
}

/** Longer data is cut in messages. */
const maxText = 300;

function firstOther(then: readonly unknown[], now: readonly unknown[]): readonly [string, string] {
  const at = then.findIndex((each, index) => !isDeepStrictEqual(each, now[index]));
  const text = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, maxText);
  return [text(then[at]), text(now[at])];
}
