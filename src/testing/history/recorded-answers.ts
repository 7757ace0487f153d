/**
 * What the world said in a recording: the answer of each attempt and when it came, and what people and other programs told the run.
 * Attempts are found by run, step, visit and number, so that a workflow that has changed still gets them.
 */
import { EffectResult } from '../../core/effect.ts';
import { StoredError, type ErrorData } from '../../core/errors.ts';
import type { Recorded } from '../../core/event.ts';
import { materialize } from '../../core/stored-value.ts';
import { after, hangs, type MockCall } from '../answers.ts';
import type { RecordedRun, Recording } from './recording.ts';
import { Replays } from './replay.ts';

type Result = { readonly output: unknown; readonly metadata?: object } | { readonly error: ErrorData };

interface Attempt {
  readonly startedAt: number;
  /** Null: none came. */
  answer: { readonly at: number; readonly result: Result } | null;
}

export class RecordedAnswers {
  readonly #attempts = new Map<string, Attempt>();

  constructor(recording: Recording, tree: readonly RecordedRun[]) {
    const replays = new Replays(recording, ({ row }, hash) => recording.definitionOf(row, hash));
    for (const run of tree) {
      for (const { recorded, told } of replays.replay(run)) {
        // It is answered before it says what comes next.
        this.#note(recording, run, recorded);
        for (const event of told) {
          const isSilence = recorded.event.type === 'timer.fired' && recorded.event.timer.startsWith('heartbeat:');
          // Accepted work of which nothing was heard: here it is one call, which fails when it did.
          if (isSilence && (event.type === 'step.retrying' || event.type === 'step.failed'))
            this.#answer({ ...event, run: run.row.id }, recorded.at, { error: event.error });
          if (event.type === 'step.started')
            this.#attempts.set(keyOf({ ...event, run: run.row.id }), { startedAt: recorded.at, answer: null });
        }
      }
    }
  }

  #note(recording: Recording, { row }: RecordedRun, { at, event }: Recorded): void {
    if (event.type !== 'effect.completed' && event.type !== 'effect.failed') return;
    const result =
      event.type === 'effect.failed'
        ? { error: event.error }
        : {
            output: materialize(event.output, recording.values, row.id),
            ...(event.metadata === undefined ? {} : { metadata: event.metadata }),
          };
    this.#answer({ ...event, run: row.id, step: event.effect }, at, result);
  }

  #answer(of: Parameters<typeof keyOf>[0], at: number, result: Result): void {
    const attempt = this.#attempts.get(keyOf(of));
    if (attempt !== undefined) attempt.answer = { at, result };
  }

  /** As a mock: what was answered, after the time that it took; where nothing was, nothing is. */
  answer(call: MockCall): unknown {
    const attempt = this.#attempts.get(keyOf(call));
    if (attempt === undefined || attempt.answer === null) return hangs()(call);
    const { at, result } = attempt.answer;
    // What waited for a limit then waits for it again: it is answered when it was, at the latest.
    return after(Math.max(0, Math.min(at - attempt.startedAt, at - call.at)), () => {
      if ('error' in result) throw new StoredError(result.error);
      return new EffectResult(result.output, { metadata: { ...result.metadata } });
    })(call);
  }

  /** Whether that attempt was made then. */
  has(call: MockCall): boolean {
    return this.#attempts.has(keyOf(call));
  }
}

function keyOf(attempt: Pick<MockCall, 'run' | 'step' | 'visit' | 'attempt'>): string {
  return `${attempt.run} ${attempt.step} ${attempt.visit} ${attempt.attempt}`;
}
