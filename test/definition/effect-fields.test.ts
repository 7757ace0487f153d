import { describe, expect, test } from 'vitest';
import { formatIssue } from '../../src/core/issue.ts';
import type { Step } from '../../src/definition/index.ts';
import { readData } from './read-data.ts';

type Data = Readonly<Record<string, unknown>>;

const http: Data = { type: 'http', url: 'https://a.example' };
const undo: Data = { type: 'http', url: 'https://a.example/{{steps.s.output.id}}', method: 'DELETE' };
const wait: Data = { type: 'wait', duration: 1 };

function issuesOf(steps: readonly Data[], more: Data = {}) {
  const result = readData({ steps, ...more });
  return result.issues ?? result.definition.warnings;
}

/** What is said about one step, without its place at the front. */
function about(step: Data): string {
  const issues = issuesOf([{ id: 's', ...step }]);
  return issues.map((issue) => formatIssue(issue).replace(/^steps\[0\]\.?/, '')).join('\n');
}

function table(rows: readonly (readonly [step: Data, expected: string | RegExp])[]): void {
  test.each(rows)('%j', (step, expected) => {
    if (typeof expected === 'string') expect(about(step)).toBe(expected);
    else expect(about(step)).toMatch(expected);
  });
}

function only(step: Data): Step {
  const { definition, issues } = readData({ steps: [{ id: 's', ...step }] });
  const [first] = definition?.steps ?? [];
  if (first === undefined) throw new Error(JSON.stringify(issues));
  return first;
}

describe('compensate', () => {
  table([
    [{ ...http, compensate: undo }, ''],
    [
      { ...http, compensate: { ...undo, id: 'cancel', retry: { maxAttempts: 5 }, timeout: '1m', condition: 'true' } },
      '',
    ],
    [{ type: 'human', compensate: { type: 'emit', name: 'undone' } }, ''],
    [{ type: 'workflow', workflow: 'book', compensate: { type: 'workflow', workflow: 'unbook' } }, ''],
    [{ ...http, compensate: 'undo' }, "compensate: a step must be an object (found 'undo')"],
    [
      { ...http, compensate: wait },
      'compensate.type: a compensation cannot be a wait step (expected agent, http, transform, workflow and emit, or a type of your own)',
    ],
    [
      { ...http, compensate: { type: 'conditional', condition: 'true', then: 'end' } },
      /^compensate\.type: a compensation cannot be a conditional step/,
    ],
    [
      { ...http, compensate: { ...undo, output: 'x', assign: { n: 1 }, cache: '1h' } },
      /^compensate\.output: a compensation cannot have output: no step runs after it\ncompensate\.assign: .*\ncompensate\.cache: a compensation cannot have cache: a compensation always runs/,
    ],
    [
      { ...http, compensate: { ...undo, onError: 'continue' } },
      'compensate.onError: a compensation cannot have onError: the other compensations run in any case',
    ],
    [
      { ...http, compensate: { ...undo, compensate: undo } },
      'compensate.compensate: a compensation cannot have compensate: a compensation is not undone',
    ],
    [{ ...http, compensate: { ...undo, headers: { A: '{{env.KEY}}' } } }, ''],
    [
      { ...http, compensate: { type: 'transform', template: '{{env.KEY}}' } },
      /^compensate\.template: \{\{env\.KEY\}\} cannot stand here/,
    ],
    [
      { ...http, cache: '1h', compensate: undo },
      'compensate: a step has either cache or compensate, not both; other runs go on with what was cached: it cannot be undone',
    ],
    [
      { type: 'sequential', steps: [{ id: 'x', ...wait }], compensate: undo },
      'compensate: a sequential step cannot have compensate (expected a step of type agent, http, transform, workflow, emit, human or a type of your own); put it on the steps inside',
    ],
    [{ type: 'loop', items: [1], step: wait, compensate: undo }, /; put it on the steps inside$/],
    [{ ...wait, compensate: undo }, /^compensate: a wait step cannot have compensate \(expected .*\)$/],
    [{ type: 'signal', compensate: undo }, /^compensate: a signal step cannot have compensate/],
    [{ type: 'switch', value: 1, cases: { 1: 'end' }, compensate: undo }, /^compensate: a switch step cannot have/],
  ]);

  test('is a step of its own, with an id from the step it undoes', () => {
    const { compensate } = only({ ...http, compensate: undo });
    expect(compensate).toMatchObject({
      id: 's-compensate',
      path: 'steps[0].compensate',
      type: 'http',
      method: 'DELETE',
    });
    expect(only(http).compensate).toBeNull();
  });

  const step = (id: string, more: Data = {}): Data => ({ id, type: 'transform', template: id, ...more });
  const reads = (...texts: readonly string[]): Data => ({ compensate: { type: 'transform', template: texts } });
  test.each<[name: string, steps: readonly Data[], expected: readonly string[], more?: Data]>([
    ['its step and those before', [step('a'), step('b', reads('{{steps.a.output}}', '{{steps.b.output}}'))], []],
    [
      'no step after',
      [step('a', reads('{{steps.b.output}}')), step('b')],
      ['FORWARD_REFERENCE steps[0].compensate.template[0]'],
    ],
    [
      'not itself',
      [step('a', reads('{{steps.a-compensate.output}}'))],
      ['SELF_REFERENCE steps[0].compensate.template[0]'],
    ],
    [
      'no other branch',
      [{ id: 'p', type: 'parallel', steps: [step('a'), step('b', reads('{{steps.a.output}}'))] }],
      ['BRANCH_REFERENCE steps[0].steps[1].compensate.template[0]'],
    ],
    ['the item of its round', [{ id: 'l', type: 'loop', items: [1], step: step('a', reads('{{loop.item}}')) }], []],
    ['the error of the workflow', [step('a', reads('{{workflow.error}}'))], []],
    [
      'no step that does not exist',
      [step('a', reads('{{steps.x.output}}'))],
      ['UNKNOWN_STEP steps[0].compensate.template[0]'],
    ],
  ])('reads %s', (_name, steps, expected, more) => {
    expect(issuesOf(steps, more).map(({ code, path }) => `${code} ${path}`)).toEqual(expected);
  });

  test('is seen by onFailure steps only', () => {
    const text = '{{steps.a-compensate.status}}';
    const given = [step('a', reads('x')), { ...step('b'), template: text }];
    const codes = issuesOf(given, { output: text, onFailure: [{ ...step('f'), template: text }] });
    expect(codes.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'FORWARD_REFERENCE steps[1].template',
      'FORWARD_REFERENCE output',
    ]);
  });

  test('tells what a compensation may read', () => {
    const [issue] = issuesOf([step('a', reads('{{steps.b.output}}')), step('b')]);
    expect(issue?.message).toBe(
      "step 'b' runs after step 'a': a compensation reads the step it undoes and those before it",
    );
  });

  test('would never run in onFailure and in polls', () => {
    const issues = issuesOf([{ id: 'w', type: 'wait', condition: 'true', poll: step('p', reads('x')) }], {
      onFailure: [{ id: 'g', type: 'sequential', steps: [step('f', reads('x'))] }],
    });
    expect(issues.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      'steps[0].poll.compensate: a poll step is never compensated: it only looks',
      'onFailure[0].steps[0].compensate: an onFailure step is never compensated: it runs after all compensations',
    ]);
  });

  test('counts as a step in the depth limit', () => {
    const nested = (depth: number): Data => (depth === 0 ? http : { ...http, compensate: nested(depth - 1) });
    expect(issuesOf([{ id: 's', ...nested(40) }])).toMatchObject([{ code: 'NESTING_TOO_DEEP' }]);
  });
});

describe('concurrency', () => {
  table([
    [{ ...http, concurrency: 'crm' }, ''],
    [{ ...http, concurrency: { name: 'crm', key: '{{workflow.input.user}}', limit: 3 } }, ''],
    [{ type: 'workflow', workflow: 'x', concurrency: { limit: 3 } }, ''],
    [
      { ...http, concurrency: 3 },
      "concurrency: concurrency must be a name, or an object with a limit (expected 'name', { name, limit } or { key: '{{...}}', limit }, found 3)",
    ],
    [{ ...http, concurrency: '' }, "concurrency.name: name must not be empty (found '')"],
    [{ ...http, concurrency: '{{workflow.input.user}}' }, /^concurrency\.name: name cannot be a template/],
    [{ ...http, concurrency: { name: 'crm' } }, 'concurrency.limit: limit is required: concurrency needs it'],
    [{ ...http, concurrency: { limit: 0 } }, 'concurrency.limit: limit must be at least 1 (found 0)'],
    [{ ...http, concurrency: { limit: 1, key: 5 } }, 'concurrency.key: key must be a string (found 5)'],
    [{ ...http, concurrency: { limit: 1, max: 5 } }, /^concurrency\.max: unknown field 'max' of concurrency/],
    [
      { ...http, concurrency: { limit: 1, key: '{{env.KEY}}' } },
      /^concurrency\.key: \{\{env\.KEY\}\} cannot stand here/,
    ],
    [{ ...http, concurrency: { limit: 1, key: '{{steps.s.output}}' } }, /^concurrency\.key: step 's' refers to itself/],
    [
      { type: 'parallel', steps: [{ id: 'x', ...wait }], concurrency: 3 },
      /^concurrency: a parallel step cannot have concurrency .*; branches at a time are 'maxConcurrency'$/,
    ],
    [
      { type: 'loop', items: [1], step: wait, concurrency: 3 },
      /^concurrency: a loop step cannot have concurrency .*; rounds at a time are 'maxConcurrency'$/,
    ],
    [{ type: 'emit', name: 'x', concurrency: 'y' }, /^concurrency: an emit step cannot have concurrency/],
  ]);

  test.each<[unknown, Data]>([
    ['crm', { name: 'crm', key: null, limit: 1 }],
    [{ limit: 3 }, { name: 'wf/s', key: null, limit: 3 }],
    [
      { name: 'crm', limit: 3 },
      { name: 'crm', key: null, limit: 3 },
    ],
    [
      { key: '{{workflow.input.a}}', limit: 2 },
      { name: 'wf/s', key: { source: '{{workflow.input.a}}' }, limit: 2 },
    ],
  ])('%j', (concurrency, expected) => {
    expect(only({ ...http, concurrency }).concurrencyLimit).toMatchObject(expected);
  });

  test('of steps with one name is one', () => {
    const steps = [
      { id: 'a', ...http, concurrency: { name: 'crm', limit: 3 } },
      { id: 'b', ...http, concurrency: { name: 'crm', limit: 3, key: '{{workflow.input.a}}' } },
      { id: 'c', ...http, concurrency: 'crm' },
    ];
    expect(issuesOf(steps).map(formatIssue)).toEqual([
      "steps[2].concurrency: concurrency 'crm' is 1 here and 3 at steps[0]; give both the same limit, or names of their own",
    ]);
  });
});

describe('rateLimit', () => {
  table([
    [{ ...http, rateLimit: { limit: 10, per: '1m' } }, ''],
    [{ ...http, rateLimit: { name: 'api', key: '{{workflow.input.user}}', limit: 10, per: 1000 } }, ''],
    [
      { ...http, rateLimit: '10/s' },
      "rateLimit: rateLimit must be an object (expected { limit: 10, per: '1m' }, with a name or key if need be, found '10/s')",
    ],
    [
      { ...http, rateLimit: {} },
      'rateLimit.limit: limit is required: rateLimit needs it\nrateLimit.per: per is required: rateLimit needs it',
    ],
    [{ ...http, rateLimit: { limit: 1, per: 'minute' } }, /^rateLimit\.per: per must be a number of milliseconds, or/],
    [{ ...http, rateLimit: { limit: 1, per: 1, name: 'a{{b}}' } }, /^rateLimit\.name: name cannot be a template/],
    [
      { ...http, rateLimit: { limit: 1, per: 1, key: '{{env.KEY}}' } },
      /^rateLimit\.key: \{\{env\.KEY\}\} cannot stand/,
    ],
    [{ type: 'human', rateLimit: { limit: 1, per: 1 } }, /^rateLimit: a human step cannot have rateLimit/],
  ]);

  test('has a name of its own, or a shared one', () => {
    const rate = { limit: 10, per: '1m' };
    expect(only({ ...http, rateLimit: rate }).rateLimit).toEqual({ name: 'wf/s', key: null, limit: 10, perMs: 60_000 });
    const steps = [
      { id: 'a', ...http, rateLimit: { ...rate, name: 'api' } },
      { id: 'b', ...http, rateLimit: { ...rate, name: 'api', per: '2m' } },
      { id: 'c', ...http, concurrency: 'api' },
    ];
    expect(issuesOf(steps).map(formatIssue)).toEqual([
      "steps[1].rateLimit: rateLimit 'api' is 10 in 120000 ms here and 10 in 60000 ms at steps[0]; give both the same limit, or names of their own",
    ]);
  });
});

describe('cache', () => {
  table([
    [{ ...http, cache: '1h' }, ''],
    [{ ...http, cache: { key: ['{{workflow.input.a}}', { b: 1 }], ttl: '1d' } }, ''],
    [{ type: 'transform', input: '{{workflow.input}}', transform: { $function: 'x' }, cache: 5 }, /reserved/],
    [{ type: 'transform', template: 1, cache: 5 }, ''],
    [{ ...http, cache: true }, /^cache: cache must be a number of milliseconds, or .* found true\)$/],
    [{ ...http, cache: 0 }, 'cache: cache must be positive (found 0)'],
    [{ ...http, cache: { key: 'x' } }, 'cache.ttl: ttl is required: cache needs it'],
    [{ ...http, cache: { ttl: '1h', key: '{{env.KEY}}' } }, /^cache\.key: \{\{env\.KEY\}\} cannot stand here/],
    [{ ...http, cache: { ttl: '1h', key: () => 1 } }, /^cache\.key: a function cannot stand here/],
    [{ type: 'workflow', workflow: 'x', cache: '1h' }, /^cache: a workflow step cannot have cache/],
    [{ type: 'parallel', steps: [{ id: 'x', ...wait }], cache: '1h' }, /; put it on the steps inside$/],
  ]);

  test('of a function needs something that the key can be made of', () => {
    const steps = (more: Data): readonly Data[] => [{ id: 's', type: 'transform', transform: () => 1, ...more }];
    const said = (more: Data) => (readData({ steps: steps(more) }, 'code').issues ?? []).map(formatIssue);
    expect(said({ cache: '1h' })).toEqual([
      "steps[0].cache.key: a cached transform needs an input or a key (expected a text such as '{{workflow.input.topic}}')",
    ]);
    expect(said({ cache: '1h', input: '{{workflow.input}}' })).toEqual([]);
    expect(said({ cache: { ttl: '1h', key: 'x' } })).toEqual([]);
  });

  test.each<[unknown, Data | null]>([
    ['1h', { key: null, ttlMs: 3_600_000 }],
    [
      { key: '{{workflow.input.a}}', ttl: 5 },
      { key: { source: '{{workflow.input.a}}' }, ttlMs: 5 },
    ],
    [undefined, null],
  ])('%j', (cache, expected) => {
    const given = only({ ...http, cache }).cache;
    if (expected === null) expect(given).toBeNull();
    else expect(given).toMatchObject(expected);
  });
});

describe('callback', () => {
  table([
    [{ ...http, callback: true }, ''],
    [{ type: 'agent', agentId: 'a', input: 'x', callback: true, heartbeatTimeout: '30s' }, ''],
    [
      { ...http, heartbeatTimeout: '30s' },
      "heartbeatTimeout: heartbeatTimeout needs 'callback: true': only work that completes later gives signs of life",
    ],
    [{ ...http, callback: 'yes' }, /^callback: callback must be a boolean/],
    [{ ...http, callback: true, heartbeatTimeout: 0 }, 'heartbeatTimeout: heartbeatTimeout must be positive (found 0)'],
    [
      { ...http, callback: true, cache: '1h' },
      'cache: a step has either cache or callback, not both; put what is to be cached into a step of its own',
    ],
    [
      { type: 'agent', agentId: 'a', input: 'x', callback: true, repair: 1, schema: { type: 'object' } },
      "repair: a step has either repair or callback, not both; an output that does not fit the schema fails the attempt: 'retry' asks again",
    ],
    [{ ...wait, callback: true }, 'callback: a wait step cannot have callback (expected a step of type agent or http)'],
  ]);

  test('takes the general timeout away: what completes later may take its time', () => {
    expect(only(http)).toMatchObject({ callback: false, heartbeatTimeoutMs: null, timeoutMs: 300_000 });
    expect(only({ ...http, callback: true })).toMatchObject({ callback: true, timeoutMs: null });
    expect(only({ ...http, callback: true, timeout: '1d', heartbeatTimeout: '1m' })).toMatchObject({
      timeoutMs: 86_400_000,
      heartbeatTimeoutMs: 60_000,
    });
  });
});
