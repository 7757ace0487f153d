/** Recorded histories as regression tests. */
import { describe, expect, test } from 'vitest';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { exportRuns } from '../../src/store/archive/export.ts';
import {
  after,
  createTestEngine,
  fail,
  hangs,
  replayHistory,
  rerunHistory,
  respond,
  sequence,
  type TestEngineOptions,
} from '../../src/testing/index.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';

/** A run that was recorded, as the text of an archive. */
async function recorded(
  definition: WorkflowDefinition,
  options: Partial<TestEngineOptions> & { readonly input?: unknown; readonly isOpen?: boolean } = {},
): Promise<string> {
  const { input = {}, isOpen = false, ...rest } = options;
  await using engine = await createTestEngine({ workflows: [definition], ...rest });
  const run = await engine.start(definition, input, { runId: 'a' });
  if (!isOpen) await engine.finishReport(run);
  return [...exportRuns(engine.store, ['a'])].join('\n');
}

const decided = (than: string, more: readonly LooseStep[] = []): WorkflowDefinition =>
  flow({
    name: 'decided',
    steps: [
      agent('score', { retry: { maxAttempts: 3, delay: '1s' } }),
      { id: 'decide', type: 'conditional', condition: `{{steps.score.output.n}} > ${than}`, then: 'high', else: 'low' },
      agent('high'),
      agent('low'),
      ...more,
    ],
  });
const answers = { steps: { score: sequence(fail('busy'), { n: 5 }), high: 'up', low: 'down' } };

describe('a recorded run', () => {
  test('goes as it went on the workflow that it was recorded with', async () => {
    const text = await recorded(decided('3'), answers);
    expect(await replayHistory(decided('3'), text)).toEqual({ runs: 1, events: 5, differences: [], notCompared: [] });
    // What decides the same is the same.
    expect((await replayHistory(decided('4'), text)).differences).toEqual([]);
  });

  test('says from which event on it goes otherwise', async () => {
    const text = await recorded(decided('3'), answers);
    const { differences } = await replayHistory(decided('7'), text);
    expect(differences).toMatchObject([{ run: 'a', seq: 4, event: 'effect.completed score' }]);
    expect(differences[0]?.message).toBe(
      "run 'a', event 4 (effect.completed score): expected score completed, decide started, decide completed (then), high started; " +
        'found score completed, decide started, decide completed (else), high skipped (not chosen), low started',
    );
  });

  test('tells steps that are new, and events that are not taken any more', async () => {
    const text = await recorded(decided('3'), answers);
    const more = await replayHistory(decided('3', [agent('after')]), text);
    expect(more.differences[0]?.message).toMatch(
      /event 5 \(effect.completed high\): expected .*run completed; found .*after started/,
    );
    const without = flow({ name: 'decided', steps: [agent('high')] });
    expect((await replayHistory(without, text)).differences[0]).toMatchObject({
      seq: 1,
      found: ['run started', 'high started'],
    });
    const once = flow({ name: 'decided', steps: [agent('score', { onError: 'continue' })] });
    expect((await replayHistory(once, text)).differences[0]?.message).toMatch(/event 2 .*expected score retrying/);
  });

  test('is judged by what conditions of today read, also of large outputs', async () => {
    const big = { kept: 1, other: 'b', text: 'x'.repeat(50_000) };
    const reading = (condition: string): WorkflowDefinition =>
      flow({
        name: 'reading',
        steps: [
          { id: 'big', type: 'transform', transform: () => big },
          { id: 'same', type: 'transform', template: '{{steps.big.output}}' },
          { id: 'then', type: 'transform', template: 1, condition },
        ],
      });
    const text = await recorded(reading('{{steps.same.output.kept}} === 1'));
    expect((await replayHistory(reading('{{steps.same.output.other}} === "b"'), text)).differences).toEqual([]);
    expect((await replayHistory(reading('{{steps.same.output.other}} === "c"'), text)).differences).toHaveLength(1);
  });

  test('that waits is replayed as far as it is', async () => {
    const asking = (title: string): WorkflowDefinition =>
      flow({ name: 'asking', steps: [agent('a'), { id: 'h', type: 'human', title }] });
    const text = await recorded(asking('Go?'), { steps: { a: 1 }, isOpen: true });
    expect(await replayHistory(asking('Really?'), text)).toMatchObject({ runs: 1, events: 2, differences: [] });
  });
});

describe('rounds and children', () => {
  const child = (condition: string): WorkflowDefinition =>
    flow({ name: 'child', steps: [agent('c'), { id: 'd', type: 'transform', template: 1, condition }] });
  const parent = (condition: string): WorkflowDefinition =>
    flow({
      name: 'parent',
      steps: [
        {
          id: 'each',
          type: 'loop',
          items: '{{workflow.input.list}}',
          steps: [agent('work'), { id: 'extra', type: 'transform', template: 1, condition }],
        },
        { id: 'sub', type: 'workflow', workflow: 'child' },
      ],
    });
  const then = [parent('{{steps.work.output}} === "w"'), child('{{steps.c.output}} === "c"')] as const;

  async function text(): Promise<string> {
    await using engine = await createTestEngine({ workflows: [...then], steps: { work: 'w', c: 'c' } });
    await engine.finish(await engine.start(then[0], { list: [1, 2] }, { runId: 'a' }));
    return [...exportRuns(engine.store, ['a'])].join('\n');
  }

  test('are compared with what they see of the run around them', async () => {
    const recording = await text();
    expect(await replayHistory(then, recording)).toMatchObject({ runs: 4, differences: [], notCompared: [] });
    const { differences } = await replayHistory([parent('{{steps.work.output}} === "x"'), then[1]], recording);
    expect(differences.map(({ run }) => run)).toEqual(['a/each:1/0', 'a/each:1/1']);
    const { differences: below } = await replayHistory([then[0], child('{{steps.c.output}} === "x"')], recording);
    expect(below.map(({ run, message }) => `${run} ${message}`)).toEqual([
      expect.stringMatching(/^a\/sub:1.*d skipped/),
    ]);
  });

  test('of workflows that are not given are not compared, and said', async () => {
    expect(await replayHistory(then[0], await text())).toMatchObject({
      runs: 3,
      differences: [],
      notCompared: ["runs of 'child': no workflow 'child' is given"],
    });
  });
});

describe('what cannot be compared', () => {
  test('goes on from a state of the workflow as it was', async () => {
    const failing = flow({ name: 'x', steps: [agent('a'), agent('b')] });
    await using engine = await createTestEngine({ workflows: [failing], steps: { a: 1, b: sequence(fail('no'), 2) } });
    const run = await engine.start(failing, {}, { runId: 'a' });
    await engine.finishReport(run);
    await engine.engine.retry('a');
    await engine.finish(run);
    const text = [...exportRuns(engine.store, ['a'])].join('\n');
    expect((await replayHistory(failing, text)).notCompared).toEqual([]);
    const changed = flow({ name: 'x', steps: [agent('a'), agent('b', { metadata: { cost: 1 } })] });
    expect(await replayHistory(changed, text)).toMatchObject({
      differences: [],
      notCompared: ["run 'a' from event 4 on: it goes on from a state of the workflow as it was (retry)"],
    });
  });

  test('is no recording', async () => {
    await expect(replayHistory(decided('3'), 'hello')).rejects.toThrow(
      /^Line 1 of the archive cannot be used: it is no line of an archive, or was cut short$/,
    );
    const text = await recorded(decided('3'), answers);
    await expect(replayHistory(decided('3'), text.replace('"n":5', '"n":6'))).rejects.toThrow('checksum');
  });
});

describe('a recorded run, run again', () => {
  const publishing = (prompt: string, than: string): WorkflowDefinition =>
    flow({
      name: 'publishing',
      input: { type: 'object', properties: { topic: { type: 'string' } }, required: ['topic'] },
      steps: [
        agent('score', { input: { prompt }, retry: { maxAttempts: 3, delay: '1s' } }),
        {
          id: 'each',
          type: 'loop',
          items: '{{steps.score.output.parts}}',
          step: agent('part', { input: { prompt: 'Part {{loop.item}}' } }),
        },
        { id: 'approve', type: 'human', title: 'Go?', timeout: '2d', onTimeout: 'reject' },
        { id: 'go', type: 'signal', name: 'go' },
        { id: 'note', type: 'transform', transform: () => 'noted', condition: `{{steps.score.output.n}} > ${than}` },
        { id: 'call', type: 'http', url: 'https://example.com/{{env.PLACE}}', headers: { key: '{{env.KEY}}' } },
      ],
      output: {
        parts: '{{steps.each.output}}',
        said: '{{steps.approve.output.decision}}',
        note: '{{steps.note.output}}',
      },
    });
  const then = publishing('Score {{workflow.input.topic}}', '3');

  async function text(isAnswered = true): Promise<string> {
    await using engine = await createTestEngine({
      workflows: [then],
      env: { PLACE: 'there', KEY: 'very-secret' },
      steps: {
        score: sequence(fail('busy'), after('3s', { n: 5, parts: ['a', 'b'] })),
        part: ({ run }: { readonly run: string }) => `part of ${run}`,
        call: 'called',
      },
    });
    const run = await engine.start(then, { topic: 'tides' }, { runId: 'a' });
    await engine.runUntilIdle();
    await engine.advanceBy('1d');
    if (isAnswered) await engine.answer('approve', { decision: 'approve' }, { by: 'kim' });
    else await engine.advanceBy('1d');
    await engine.signal(run, 'go', { at: 1 });
    expect((await engine.finishReport(run)).status).toBe('completed');
    return [...exportRuns(engine.store, ['a'])].join('\n');
  }

  test('does what it did, with what was answered and said then', async () => {
    for (const isAnswered of [true, false]) {
      const [rerun] = await rerunHistory(then, await text(isAnswered));
      expect(rerun).toMatchObject({ run: 'a', status: 'completed', error: null, differences: [] });
      expect(rerun?.output).toMatchObject({ said: isAnswered ? 'approve' : 'reject', note: 'noted' });
      expect(rerun?.calls.map(({ step, attempt }) => `${step} ${attempt}`)).toEqual([
        'score 1',
        'score 2',
        'part 1',
        'part 1',
        'call 1',
      ]);
    }
  });

  test('shows what a change makes of it: prompts, conditions, outputs', async () => {
    const [rerun] = await rerunHistory(publishing('How good is {{workflow.input.topic}}?', '7'), await text());
    expect(rerun?.calls[0]?.input).toEqual({ prompt: 'How good is tides?' });
    expect(rerun?.differences).toEqual([
      expect.stringMatching(/^its output is \{.*\}, and was \{.*"note":"noted"\}$/),
      'note: skipped (condition); then: started, completed',
    ]);
  });

  test('asks for an answer of what was not called then', async () => {
    const more = flow({ name: 'publishing', steps: [agent('new')] });
    await expect(rerunHistory(more, await text())).rejects.toThrow(
      "the recording has no answer of step 'new' (run 'a', visit 1, attempt 1)",
    );
    const [rerun] = await rerunHistory(more, await text(), { agents: { any: 'hello' } });
    expect(rerun).toMatchObject({ status: 'completed', output: 'hello' });
    expect((await rerunHistory(more, await text(), { steps: { new: 'mine' } }))[0]?.output).toBe('mine');
  });

  test('fails as it failed, is cancelled when it was, and refuses an input that does not fit any more', async () => {
    const failing = flow({ name: 'x', steps: [agent('a', { retry: { maxAttempts: 2, delay: '1s' } })] });
    const failed = await recorded(failing, { steps: { a: fail('busy') } });
    expect((await rerunHistory(failing, failed))[0]).toMatchObject({ status: 'failed', differences: [] });
    const mended = flow({ name: 'x', steps: [agent('a', { onError: { output: 'none' } })] });
    expect((await rerunHistory(mended, failed))[0]?.differences[0]).toMatch(
      /^it is completed, and was failed \(.*busy\)/,
    );
    await using engine = await createTestEngine({ workflows: [failing], steps: { a: hangs() } });
    const run = await engine.start(failing, {}, { runId: 'a' });
    await engine.advanceBy('1m');
    await run.cancel();
    await engine.finishReport(run);
    const cancelled = [...exportRuns(engine.store, ['a'])].join('\n');
    expect((await rerunHistory(failing, cancelled))[0]).toMatchObject({ status: 'cancelled', differences: [] });
    const strict = flow({ name: 'x', input: { type: 'object', required: ['n'] }, steps: [agent('a')] });
    expect((await rerunHistory(strict, failed))[0]?.differences.join()).toContain(
      "The input of workflow 'x' is not valid",
    );
  });
});

test('a recording holds no secrets', async () => {
  const asking = flow({
    name: 'secret',
    steps: [
      { id: 'get', type: 'http', url: 'https://api.example.com/', headers: { authorization: 'Bearer {{env.KEY}}' } },
    ],
  });
  const text = await recorded(asking, {
    env: { KEY: 'very-secret-key' },
    steps: { get: (call: { readonly input: unknown }) => respond({ body: { echo: call.input } }) },
  });
  expect(text).toContain('echo');
  expect(text).not.toContain('very-secret-key');
});
