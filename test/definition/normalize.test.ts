import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createWorkflow, parseDefinition, type Step, type WorkflowDefinition } from '../../src/definition/index.ts';

type Data = Readonly<Record<string, unknown>>;

function parse(steps: readonly Data[], more: Data = {}): WorkflowDefinition {
  const { definition, issues } = parseDefinition({ id: 'wf', steps, ...more });
  if (definition === undefined) throw new Error(JSON.stringify(issues));
  return definition;
}

function only(step: Data): Step {
  const [first] = parse([{ id: 's', ...step }]).steps;
  if (first === undefined) throw new Error('no step');
  return first;
}

const wait: Data = { type: 'wait', duration: 1 };

describe('defaults', () => {
  test('of every step', () => {
    expect(only(wait)).toMatchObject({
      id: 's',
      path: 'steps[0]',
      condition: null,
      output: null,
      timeoutMs: null,
      totalTimeoutMs: null,
      retry: null,
      onError: { kind: 'fail' },
      assign: [],
      compensate: null,
      concurrencyLimit: null,
      rateLimit: null,
      cache: null,
      metadata: {},
      tags: [],
    });
  });

  test('of retry', () => {
    expect(only({ ...wait, retry: {} }).retry).toEqual({
      maxAttempts: 3,
      delayMs: 1000,
      backoff: 'fixed',
      maxDelayMs: 300_000,
      jitter: 0,
      on: null,
    });
  });

  test.each<[Data, Data]>([
    [
      { type: 'agent', agentId: 'a', input: {} },
      { action: 'prompt', endpoint: null, method: 'POST', format: 'auto', schema: null, repair: 0, timeoutMs: 300_000 },
    ],
    [
      { type: 'http', url: 'https://a.example' },
      { method: 'GET', headers: null, query: null, body: null, pick: 'body', timeoutMs: 300_000 },
    ],
    [{ type: 'http', url: 'https://a.example', body: 1 }, { method: 'POST' }],
    [{ type: 'http', url: 'https://a.example', timeout: '1s' }, { timeoutMs: 1000 }],
    [
      { type: 'wait', condition: 'true' },
      { duration: null, until: null, pollIntervalMs: 1000, poll: null, maxWaitMs: null, onTimeout: 'fail' },
    ],
    [
      { type: 'parallel', steps: [{ id: 'x', ...wait }] },
      { failFast: false, maxConcurrency: null, join: 'all' },
    ],
    [{ type: 'parallel', steps: [{ id: 'x', ...wait }], join: 'any' }, { join: 1 }],
    [
      { type: 'loop', items: [1], step: wait },
      { mode: 'items', concurrency: 1, onItemError: 'fail', maxIterations: null, as: null, decide: null },
    ],
    [{ type: 'loop', items: [1], step: wait, parallel: true }, { concurrency: 10 }],
    [{ type: 'loop', items: [1], step: wait, parallel: true, maxConcurrency: 4 }, { concurrency: 4 }],
    [{ type: 'loop', items: [1], step: wait, parallel: 6, maxConcurrency: 4 }, { concurrency: 4 }],
    [
      { type: 'loop', until: 'true', step: wait },
      { mode: 'until', items: null, maxIterations: 1000 },
    ],
    [{ type: 'signal' }, { name: 's', match: null, timeoutMs: null }],
    [
      { type: 'human' },
      { title: null, message: null, form: null, assignees: null, timeoutMs: null, onTimeout: { kind: 'fail' } },
    ],
    [
      { type: 'human', timeout: '1d', onTimeout: 'reject' },
      { timeoutMs: 86_400_000, onTimeout: { kind: 'reject' } },
    ],
    [
      { type: 'workflow', workflow: 'child' },
      { workflow: 'child', version: null, input: null, mode: 'wait', onParentClose: 'cancel' },
    ],
    [
      { type: 'workflow', workflow: 'child', version: 2, mode: 'detach' },
      { version: '2', onParentClose: 'abandon' },
    ],
    [{ type: 'workflow', workflow: 'child', mode: 'detach', onParentClose: 'cancel' }, { onParentClose: 'cancel' }],
    [
      { type: 'emit', name: 'done' },
      { name: 'done', payload: null },
    ],
  ])('%j', (given, expected) => {
    expect(only(given)).toMatchObject(expected);
  });

  test('of a workflow', () => {
    expect(parse([{ id: 's', ...wait }])).toMatchObject({
      version: '1',
      description: null,
      input: null,
      output: null,
      onFailure: [],
      stepHandlers: [],
      workflowHandlers: { start: [], complete: [], error: [], pause: [], resume: [] },
      state: null,
      stateSchema: null,
      timeoutMs: null,
      missing: 'error',
      maxVisits: 25,
      tags: [],
      metadata: {},
      warnings: [],
    });
  });
});

describe('the timeout of a task', () => {
  test.each(['late', { goto: 'late' }])('leads to a step: %j', (onTimeout) => {
    const { steps } = parse([
      { id: 's', type: 'human', timeout: '1d', onTimeout },
      { id: 'late', ...wait },
    ]);
    expect(steps[0]).toMatchObject({ onTimeout: { kind: 'goto', target: 'late' } });
  });

  test('can lead to a step that is called like an answer', () => {
    const { steps } = parse([
      { id: 's', type: 'human', timeout: '1d', onTimeout: { goto: 'reject' } },
      { id: 'reject', ...wait },
    ]);
    expect(steps[0]).toMatchObject({ onTimeout: { kind: 'goto', target: 'reject' } });
  });
});

describe('inline steps', () => {
  test('of targets become siblings right after their router, in order', () => {
    const { steps } = parse([
      { id: 'if', type: 'conditional', condition: 'true', then: wait, else: { id: 'own', ...wait } },
      { id: 'pick', type: 'switch', value: 1, cases: { b: wait, 'A b!': wait }, default: wait },
      { id: 'last', ...wait },
    ]);
    expect(steps.map(({ id, path }) => `${id} ${path}`)).toEqual([
      'if steps[0]',
      'if-then steps[0].then',
      'own steps[0].else',
      'pick steps[1]',
      'pick-A-b steps[1].cases["A b!"]',
      'pick-b steps[1].cases.b',
      'pick-default steps[1].default',
      'last steps[2]',
    ]);
    expect(steps[0]).toMatchObject({
      then: { kind: 'steps', ids: ['if-then'] },
      else: { kind: 'steps', ids: ['own'] },
    });
  });

  test('of an inline router follow it', () => {
    const { steps } = parse([
      {
        id: 'a',
        type: 'conditional',
        condition: 'true',
        then: { type: 'conditional', condition: 'true', then: wait, else: 'end' },
      },
    ]);
    expect(steps.map(({ id }) => id)).toEqual(['a', 'a-then', 'a-then-then']);
  });

  test('of loops, recoveries and polls get their ids from the step around them', () => {
    expect(only({ type: 'loop', items: [1], step: wait })).toMatchObject({
      steps: [{ id: 's-step', path: 'steps[0].step' }],
    });
    expect(only({ ...wait, onError: wait })).toMatchObject({
      onError: { kind: 'recover', step: { id: 's-recovery' } },
    });
    expect(only({ type: 'wait', condition: 'true', poll: wait })).toMatchObject({ poll: { id: 's-poll' } });
  });

  test('of a router in a loop stay in its body', () => {
    expect(
      only({ type: 'loop', items: [1], step: { type: 'conditional', condition: 'true', then: wait } }),
    ).toMatchObject({ steps: [{ id: 's-step' }, { id: 's-step-then' }] });
  });
});

describe('targets, onError and assign', () => {
  test('targets', () => {
    const { steps } = parse([
      { id: 'a', type: 'conditional', condition: 'true', then: ['b', 'c'], else: 'end' },
      { id: 'b', ...wait },
      { id: 'c', ...wait },
    ]);
    expect(steps[0]).toMatchObject({ then: { kind: 'steps', ids: ['b', 'c'] }, else: { kind: 'end' } });
  });

  test('cases are in the order of their keys, however they are written', () => {
    const given = { type: 'switch', value: 1, cases: { b: 'end', 10: 'end', a: 'end', 9: 'end' } };
    expect(only(given)).toMatchObject({ cases: [{ key: '10' }, { key: '9' }, { key: 'a' }, { key: 'b' }] });
  });

  test('onError', () => {
    expect(only({ ...wait, onError: { output: { a: '{{workflow.input.x}}' } } })).toMatchObject({
      onError: { kind: 'output', value: { constant: false } },
    });
    expect(only({ ...wait, onError: 'continue' }).onError).toEqual({ kind: 'continue' });
  });

  test('assign', () => {
    const { steps } = parse(
      [
        {
          id: 's',
          ...wait,
          assign: {
            total: { expr: '{{state.total}} + 1' },
            list: { append: '{{steps.s.output}}' },
            map: { merge: { a: 1 } },
            last: { expr: 1, and: 2 },
          },
        },
      ],
      { state: { total: 0, list: [], map: {}, last: null } },
    );
    expect(steps[0]?.assign).toMatchObject([
      { key: 'last', kind: 'set' },
      { key: 'list', kind: 'append' },
      { key: 'map', kind: 'merge' },
      { key: 'total', kind: 'expr', condition: { source: '{{state.total}} + 1' } },
    ]);
  });
});

describe('state and schemas', () => {
  test('a zod schema of the state gives the initial state by its defaults', () => {
    const { state, stateSchema } = createWorkflow('wf')
      .setState(z.object({ tries: z.number().default(0), notes: z.array(z.string()).default([]) }))
      .addStep('a', { type: 'wait', duration: 1 })
      .build();
    expect(state).toEqual({ tries: 0, notes: [] });
    expect(stateSchema?.json).toMatchObject({ type: 'object' });
  });

  test('the input schema checks all of an input at once', () => {
    const { input } = parse([{ id: 'a', ...wait }], {
      input: { type: 'object', required: ['topic', 'n'], properties: { n: { type: 'number' } } },
    });
    const result = input?.parse({ n: 'x' });
    expect(result).toMatchObject({ issues: [{ path: 'topic' }, { path: 'n', received: "'x'" }] });
  });
});

describe('a definition never changes', () => {
  test('it is frozen, all the way down', () => {
    const definition = parse(
      [{ id: 'g', type: 'sequential', steps: [{ id: 'a', ...wait, metadata: { list: [{}] }, assign: {} }] }],
      { state: { list: [] } },
    );
    expect(unfrozen(definition)).toEqual([]);
  });

  test('later changes to what its author gave change nothing', () => {
    const input = { prompt: 'before', list: [1] };
    const flow = createWorkflow('wf').addStep('a', { type: 'agent', agentId: 'x', input });
    const { hash, steps } = flow.build();
    input.prompt = 'after';
    input.list.push(2);
    expect(flow.build().hash).toBe(hash);
    expect(steps[0]).toMatchObject({ input: { template: { source: { prompt: 'before', list: [1] } } } });
  });
});

/** Paths of plain objects and arrays that could be changed. */
function unfrozen(value: unknown, path = '', seen = new Set<unknown>()): readonly string[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  const inner = Object.entries(value).flatMap(([key, member]) => unfrozen(member, `${path}.${key}`, seen));
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  return isPlain && !Object.isFrozen(value) ? [path, ...inner] : inner;
}
