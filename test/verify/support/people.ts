/** A world that answers tasks, sends signals, pauses, resumes and cancels, at moments that a seed decides. */
import { WorkflowError } from '../../../src/core/errors.ts';
import { endedStatuses, type RunStatus } from '../../../src/core/run.ts';
import type { Store } from '../../../src/core/ports.ts';
import { CallbackTokens, type AttemptAddress } from '../../../src/engine/steer/callback-token.ts';
import { decodeEvent } from '../../../src/engine/drive/codec.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import type { TestEngine } from '../../support/test-engine.ts';

const maxTurns = 2_000;

export async function liveThrough({ engine, clock, store }: TestEngine, run: string, seed: number): Promise<void> {
  const random = new SeededRandom(seed ^ 0x5eed);
  const chance = (share: number): boolean => random.next() < share;
  const status = (): RunStatus => engine.report(run).status;
  const isPaused = (): boolean => status() === 'paused';

  const answer = async (share: number): Promise<boolean> => {
    let hasAnswered = false;
    for (const task of engine.tasks()) {
      if (!chance(share)) continue;
      const hasForm = JSON.stringify(task.form ?? null).includes('score');
      const given = hasForm ? { score: chance(0.5) ? 1 : 0 } : { decision: chance(0.6) ? 'approve' : 'reject' };
      await tolerate(engine.answer(task.id, given));
      hasAnswered = true;
    }
    return hasAnswered;
  };
  const signal = (): Promise<void> =>
    tolerate(engine.signal(run, chance(0.5) ? 'go' : 'stop', { n: chance(0.5) ? 1 : 0 }));

  const tokens = new CallbackTokens(store, new SeededRandom(1));
  /** Of work that was accepted: completed, failed, or said to be under way. */
  const callBack = async (share: number): Promise<boolean> => {
    let hasCalled = false;
    for (const address of acceptedIn(store)) {
      if (!chance(share)) continue;
      const token = tokens.make(address);
      const kind = random.next();
      if (kind < 0.6) await tolerate(engine.completeEffect(token, chance(0.5) ? 'good' : { score: 1 }));
      else if (kind < 0.8)
        await tolerate(engine.failEffect(token, { code: 'AGENT_ERROR', message: 'it failed later' }));
      else await tolerate(engine.heartbeat(token));
      hasCalled ||= kind < 0.8;
    }
    return hasCalled;
  };

  for (let turn = 0; turn < maxTurns; turn++) {
    await clock.settle();
    if (endedStatuses.has(status())) return;
    await answer(0.25);
    await callBack(0.3);
    if (chance(0.08)) await signal();
    if (chance(0.03) && !isPaused()) await tolerate(engine.run(run).pause());
    else if (isPaused() && chance(0.3)) await tolerate(engine.run(run).resume());
    if (chance(0.008)) await tolerate(engine.run(run).cancel());
    await clock.settle();
    if (endedStatuses.has(status())) return;
    const next = clock.nextAt;
    if (next !== null) await clock.advance(Math.max(0, next - clock.start - clock.elapsedMs));
    else if (isPaused()) await tolerate(engine.run(run).resume());
    else if ((await answer(1)) || (await callBack(1))) continue;
    else if (turn % 7 < 6) await signal();
    else await tolerate(engine.run(run).cancel());
  }
  throw new Error(`run '${run}' does not end`);
}

/** Attempts whose work was accepted and has no result yet. */
function acceptedIn(store: Store): readonly AttemptAddress[] {
  return store.listRuns({ kind: ['run', 'round'], limit: 1_000 }).flatMap(({ id: run }) => {
    const open = new Map<string, AttemptAddress>();
    for (const { event } of store.readEvents(run, 1).map(decodeEvent)) {
      if (event.type === 'effect.accepted')
        open.set(event.effect, { run, step: event.effect, visit: event.visit, attempt: event.attempt });
      else if (event.type === 'effect.completed' || event.type === 'effect.failed') open.delete(event.effect);
    }
    return [...open.values()];
  });
}

/** The run may have gone on meanwhile. */
async function tolerate(told: unknown): Promise<void> {
  try {
    await told;
  } catch (error) {
    // Said too late, or of what is not there any more: nothing happened.
    if (!(error instanceof WorkflowError)) throw error;
  }
}
