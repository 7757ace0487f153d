import { describe, expect, test } from 'vitest';
import { parseDefinition } from '../../src/definition/index.ts';
import { formatIssue } from '../../src/core/issue.ts';

type Data = Readonly<Record<string, unknown>>;

/** A step that takes nothing and cannot fail. */
function step(id: string, more: Data = {}): Data {
  return { id, type: 'transform', template: id, ...more };
}

function reading(id: string, text: string, more: Data = {}): Data {
  return { id, type: 'transform', template: text, ...more };
}

function router(id: string, then: unknown, more: Data = {}): Data {
  return { id, type: 'conditional', condition: 'true', then, ...more };
}

function problems(steps: readonly Data[], more: Data = {}): readonly string[] {
  const result = parseDefinition({ id: 'wf', steps, ...more });
  return (result.issues ?? result.definition.warnings).map((issue) => `${issue.code} ${issue.path}`);
}

function messages(steps: readonly Data[], more: Data = {}): string {
  return (parseDefinition({ id: 'wf', steps, ...more }).issues ?? []).map(formatIssue).join('\n');
}

type Table = readonly (readonly [name: string, steps: readonly Data[], expected: readonly string[], more?: Data])[];

function run(table: Table): void {
  const rows = table.map(([name, steps, expected, more]) => ({ name, steps, expected, more }));
  test.each(rows)('$name', ({ steps, expected, more }) => {
    expect(problems(steps, more)).toEqual(expected);
  });
}

describe('a reference to a step', () => {
  const items = { type: 'loop', items: '{{workflow.input.list}}' };
  const rounds = { type: 'loop', while: '{{loop.index}} < 3' };
  run([
    ['before is right', [step('a'), reading('b', '{{steps.a.output}}')], []],
    [
      'after is not there yet',
      [reading('a', '{{steps.b.output}}'), step('b')],
      ['FORWARD_REFERENCE steps[0].template'],
    ],
    ['that does not exist', [reading('a', '{{steps.x.output}}')], ['UNKNOWN_STEP steps[0].template']],
    ['itself', [reading('a', '{{steps.a.output}}')], ['SELF_REFERENCE steps[0].template']],
    [
      'itself in assign is right: it has ended then',
      [step('a', { assign: { n: '{{steps.a.output}}' } })],
      [],
      { state: { n: 0 } },
    ],
    ['itself in a fallback output is right', [step('a', { onError: { output: '{{steps.a.error.message}}' } })], []],
    [
      'after is right where a jump back runs through both',
      [reading('a', '{{steps.b.output}}'), step('b'), router('r', 'a')],
      [],
    ],
    ['itself is right where a jump back runs through it', [reading('a', '{{steps.a.output}}'), router('r', 'a')], []],
    [
      'after the end of the jump back is not there yet',
      [reading('a', '{{steps.c.output}}'), router('r', 'a'), step('c')],
      ['FORWARD_REFERENCE steps[0].template'],
    ],
    [
      'overlapping jumps back count as one stretch',
      [reading('a', '{{steps.d.output}}'), step('b'), router('r1', 'a'), step('c'), step('d'), router('r2', 'r1')],
      [],
    ],
    ['a jump back by onError counts', [reading('a', '{{steps.b.output}}'), step('b', { onError: { goto: 'a' } })], []],
    [
      'a step of a group before',
      [{ id: 'g', type: 'sequential', steps: [step('a')] }, reading('b', '{{steps.a.output}}')],
      [],
    ],
    [
      'the group around it',
      [{ id: 'g', type: 'sequential', steps: [reading('a', '{{steps.g.output}}')] }],
      ['ENCLOSING_REFERENCE steps[0].steps[0].template'],
    ],
    [
      'a step inside, in its own condition',
      [{ id: 'g', type: 'sequential', condition: '{{steps.a.output}} > 1', steps: [step('a')] }],
      ['FORWARD_REFERENCE steps[0].condition'],
    ],
    [
      'another branch',
      [{ id: 'p', type: 'parallel', steps: [step('a'), reading('b', '{{steps.a.output}}')] }],
      ['BRANCH_REFERENCE steps[0].steps[1].template'],
    ],
    [
      'another branch, nested',
      [
        {
          id: 'p',
          type: 'parallel',
          steps: [step('a'), { id: 'g', type: 'sequential', steps: [reading('b', '{{steps.a.output}}')] }],
        },
      ],
      ['BRANCH_REFERENCE steps[0].steps[1].steps[0].template'],
    ],
    [
      'a branch, after the parallel step',
      [{ id: 'p', type: 'parallel', steps: [step('a'), step('b')] }, reading('c', '{{steps.a.output}}')],
      [],
    ],
    [
      'the body of an items loop, from outside',
      [{ id: 'l', ...items, step: step('a') }, reading('b', '{{steps.a.output}}')],
      ['HIDDEN_IN_LOOP steps[1].template'],
    ],
    [
      'the body of an items loop, from its body',
      [{ id: 'l', ...items, steps: [step('a'), reading('b', '{{steps.a.output}}')] }],
      [],
    ],
    [
      'after, in the body of an items loop',
      [{ id: 'l', ...items, steps: [reading('a', '{{steps.b.output}}'), step('b')] }],
      ['FORWARD_REFERENCE steps[0].steps[0].template'],
    ],
    [
      'before an items loop, from its body',
      [step('a'), { id: 'l', ...items, step: reading('b', '{{steps.a.output}}') }],
      [],
    ],
    [
      'the round before, in a while loop',
      [{ id: 'l', ...rounds, steps: [reading('a', '{{steps.b.output}}'), step('b')] }],
      [],
    ],
    [
      'the body of a while loop, from its condition',
      [{ id: 'l', type: 'loop', until: '{{steps.a.output}} > 1', step: step('a') }],
      [],
    ],
    [
      'the body of a while loop, after it',
      [{ id: 'l', ...rounds, step: step('a') }, reading('b', '{{steps.a.output}}')],
      [],
    ],
    [
      'the round before, from an items loop within a while loop',
      [{ id: 'w', ...rounds, steps: [{ id: 'l', ...items, step: reading('a', '{{steps.b.output}}') }, step('b')] }],
      [],
    ],
    [
      'the poll step, from the condition of its wait',
      [
        {
          id: 'w',
          type: 'wait',
          condition: '{{steps.w-poll.output}} === "no"',
          poll: { type: 'transform', template: 1 },
        },
      ],
      [],
    ],
    [
      'the failed step, from its recovery',
      [step('a', { onError: { type: 'transform', template: '{{steps.a.error.message}}' } })],
      [],
    ],
    [
      'the recovery, after the step',
      [step('a', { onError: { type: 'transform', template: 1 } }), reading('b', '{{steps.a-recovery.output}}')],
      [],
    ],
    [
      'any step, from onFailure',
      [step('a')],
      [],
      { onFailure: [reading('f', '{{steps.a.status}} {{workflow.error.message}}')] },
    ],
    [
      'onFailure, from a step',
      [reading('a', '{{steps.f.output}}')],
      ['FORWARD_REFERENCE steps[0].template'],
      { onFailure: [step('f')] },
    ],
    [
      'onFailure, from the output',
      [step('a')],
      ['FORWARD_REFERENCE output'],
      { onFailure: [step('f')], output: '{{steps.f.output}}' },
    ],
    ['without a field', [step('a'), reading('b', '{{steps.a}}')], ['INCOMPLETE_PATH steps[1].template']],
    ['with an unknown field', [step('a'), reading('b', '{{steps.a.ouput}}')], ['UNKNOWN_FIELD steps[1].template']],
    [
      'that could not be read is not reported again',
      [{ id: 'a', type: 'agnet' }, reading('b', '{{steps.a.output}}')],
      ['UNKNOWN_TYPE steps[0].type'],
    ],
  ]);

  test('suggests the step that was meant', () => {
    expect(messages([step('summarize'), reading('b', '{{steps.sumarize.output}}')])).toContain(
      "step 'sumarize' does not exist; did you mean 'summarize'?",
    );
  });

  test('is checked in conditions, switch values, urls, bodies and outputs alike', () => {
    const given = [
      { id: 'c', type: 'conditional', condition: '{{steps.x.output}} > 1', then: 'end' },
      { id: 's', type: 'switch', value: '{{steps.x.output}}', cases: { a: 'end' } },
      {
        id: 'h',
        type: 'http',
        url: 'https://a.example/{{steps.x.output}}',
        headers: { A: '{{steps.x.output}}' },
        query: { q: '{{steps.x.output}}' },
      },
      { id: 'i', type: 'http', url: '{{steps.x.output}}', body: { deep: [{ v: '{{steps.x.output}}' }] } },
      { id: 'w', type: 'wait', duration: '{{steps.x.output}}' },
      { id: 'u', type: 'wait', until: '{{steps.x.output}}' },
      { id: 'l', type: 'loop', items: '{{steps.x.output}}', step: step('m') },
    ];
    expect(problems(given, { output: { all: '{{steps.x.output}}' } })).toEqual(
      [
        'steps[0].condition',
        'steps[1].value',
        'steps[2].url',
        'steps[2].headers.A',
        'steps[2].query.q',
        'steps[3].url',
        'steps[3].body.deep[0].v',
        'steps[4].duration',
        'steps[5].until',
        'steps[6].items',
        'output.all',
      ].map((path) => `UNKNOWN_STEP ${path}`),
    );
  });
});

describe('a reference to a var', () => {
  run([
    ['of a step before is right', [step('a', { output: 'x' }), reading('b', '{{vars.x}}')], []],
    ['that nobody writes', [reading('b', '{{vars.x}}')], ['UNKNOWN_VAR steps[0].template']],
    [
      'of a step after',
      [reading('a', '{{vars.x}}'), step('b', { output: 'x' })],
      ['FORWARD_REFERENCE steps[0].template'],
    ],
    [
      'is right if one of its writers is before',
      [step('a', { output: 'x' }), reading('b', '{{vars.x}}'), step('c', { output: 'x' })],
      [],
    ],
    [
      'of an items loop, from outside',
      [{ id: 'l', type: 'loop', items: [1], step: step('a', { output: 'x' }) }, reading('b', '{{vars.x}}')],
      ['HIDDEN_IN_LOOP steps[1].template'],
    ],
    ['without a name', [step('a', { output: 'x' }), reading('b', '{{vars}}')], ['INCOMPLETE_PATH steps[1].template']],
  ]);
});

describe('a signal', () => {
  const match = (text: string, more: Data = {}): Data => ({ id: 's', type: 'signal', match: text, ...more });
  run([
    ['is read in match, beside all else', [step('a'), match('{{signal.payload.id}} === {{steps.a.output.id}}')], []],
    ['has a payload only', [match('{{signal.data}} > 1')], ['UNKNOWN_FIELD steps[0].match']],
    ['alone is no value', [match('{{signal}} > 1')], ['INCOMPLETE_PATH steps[0].match']],
    ['is not known elsewhere', [reading('a', '{{signal.payload}}')], ['TEMPLATE_ROOT steps[0].template']],
    [
      'is not known in the condition of its step',
      [{ id: 's', type: 'signal', condition: '{{signal.payload}} > 1' }],
      ['TEMPLATE_ROOT steps[0].condition'],
    ],
    ['has not come before its step', [match('{{steps.s.output}} > 1')], ['SELF_REFERENCE steps[0].match']],
    [
      'cannot be matched with secrets',
      [match('{{signal.payload.key}} === {{env.KEY}}')],
      ['ENV_MISPLACED steps[0].match'],
    ],
    [
      'can be matched with the item of a loop',
      [{ id: 'l', type: 'loop', items: [1], as: 'order', step: match('{{signal.payload.id}} === {{order.id}}') }],
      [],
    ],
    [
      'cannot be the name of an item',
      [{ id: 'l', type: 'loop', items: [1], as: 'signal', step: step('a') }],
      ['RESERVED_ID steps[0].as'],
    ],
  ]);
});

describe('secrets', () => {
  const env = '{{env.KEY}}';
  run([
    [
      'do not stand in a task',
      [{ id: 'h', type: 'human', title: env, message: env, assignees: [env] }],
      ['ENV_MISPLACED steps[0].title', 'ENV_MISPLACED steps[0].message', 'ENV_MISPLACED steps[0].assignees[0]'],
    ],
    [
      'do not go to a child',
      [{ id: 'w', type: 'workflow', workflow: 'x', input: { env } }],
      ['ENV_MISPLACED steps[0].input.env'],
    ],
    ['do not go into events', [{ id: 'e', type: 'emit', name: 'x', payload: env }], ['ENV_MISPLACED steps[0].payload']],
  ]);
});

describe('the timeout of a task', () => {
  const task = (onTimeout: unknown, more: Data = {}): Data => ({
    id: 'h',
    type: 'human',
    timeout: '1d',
    onTimeout,
    ...more,
  });
  run([
    ['leads to a step after', [task('late'), step('b'), step('late')], []],
    ['leads back', [reading('a', '{{steps.h.output}}'), task({ goto: 'a' })], []],
    ['leads to itself', [task('h')], ['TARGET_ITSELF steps[0].onTimeout']],
    ['leads nowhere', [task('escalate')], ['UNKNOWN_STEP steps[0].onTimeout']],
    [
      'leads out of its group',
      [{ id: 'g', type: 'sequential', steps: [task('late')] }, step('late')],
      ['TARGET_NOT_SIBLING steps[0].steps[0].onTimeout'],
    ],
    [
      'leads out of a branch',
      [{ id: 'p', type: 'parallel', steps: [task('b'), step('b')] }],
      ['TARGET_NOT_SIBLING steps[0].steps[0].onTimeout'],
    ],
  ]);
});

describe('other roots', () => {
  const loop = { id: 'l', type: 'loop', items: [1, 2] };
  run([
    ['an unknown root', [reading('a', '{{input.topic}}')], ['TEMPLATE_ROOT steps[0].template']],
    ['an unknown field of workflow', [reading('a', '{{workflow.id}}')], ['UNKNOWN_FIELD steps[0].template']],
    [
      'workflow.error outside of onFailure',
      [reading('a', '{{workflow.error}}')],
      ['ERROR_MISPLACED steps[0].template'],
    ],
    ['env in a template', [reading('a', '{{env.KEY}}')], ['ENV_MISPLACED steps[0].template']],
    ['env in a condition', [step('a', { condition: '{{env.KEY}} === "x"' })], ['ENV_MISPLACED steps[0].condition']],
    ['env in the output', [step('a')], ['ENV_MISPLACED output'], { output: '{{env.KEY}}' }],
    [
      'env where calls are made',
      [
        {
          id: 'h',
          type: 'http',
          method: 'POST',
          url: 'https://a.example/{{env.A}}',
          headers: { B: '{{env.B}}' },
          query: { c: '{{env.C}}' },
          body: '{{env.D}}',
        },
        { id: 'a', type: 'agent', agentId: 'x', input: { prompt: 'p', key: '{{env.E}}' } },
      ],
      [],
    ],
    [
      'env alone',
      [{ id: 'h', type: 'http', method: 'POST', url: 'https://a.example', body: '{{env}}' }],
      ['INCOMPLETE_PATH steps[0].body'],
    ],
    ['loop outside of a loop', [reading('a', '{{loop.item}}')], ['NOT_IN_LOOP steps[0].template']],
    [
      'loop in the items of its own loop',
      [{ ...loop, items: '{{loop.item}}', step: step('a') }],
      ['NOT_IN_LOOP steps[0].items'],
    ],
    ['loop in a loop', [{ ...loop, step: reading('a', '{{loop.item.name}} {{loop.index}}') }], []],
    [
      'an unknown field of loop',
      [{ ...loop, step: reading('a', '{{loop.itme}}') }],
      ['UNKNOWN_FIELD steps[0].step.template'],
    ],
    [
      'the parent of the only loop',
      [{ ...loop, step: reading('a', '{{loop.parent.item}}') }],
      ['NOT_IN_LOOP steps[0].step.template'],
    ],
    [
      'the parent of an inner loop',
      [{ ...loop, step: { ...loop, id: 'm', step: reading('a', '{{loop.parent.item}}') } }],
      [],
    ],
    [
      'the item of a while loop',
      [{ id: 'w', type: 'loop', while: '{{loop.index}} < 2', step: reading('a', '{{loop.item}}') }],
      ['NO_ITEM steps[0].step.template'],
    ],
    ['the name of the item', [{ ...loop, as: 'page', step: reading('a', '{{page.title}}') }], []],
    [
      'the name of the item, outside',
      [{ ...loop, as: 'page', step: step('a') }, reading('b', '{{page.title}}')],
      ['TEMPLATE_ROOT steps[1].template'],
    ],
    ['state without any', [reading('a', '{{state.n}}')], ['NO_STATE steps[0].template']],
    ['a known key of state', [reading('a', '{{state.n}}')], [], { state: { n: 0 } }],
    [
      'an unknown key of state',
      [reading('a', '{{state.m}}')],
      ['UNKNOWN_STATE steps[0].template'],
      { state: { n: 0 } },
    ],
    ['any key of an empty state', [reading('a', '{{state.m}}')], [], { state: {} }],
    ['assign without state', [step('a', { assign: { n: 1 } })], ['NO_STATE steps[0].assign.n']],
    [
      'assign of an unknown key',
      [step('a', { assign: { m: 1 } })],
      ['UNKNOWN_STATE steps[0].assign.m'],
      { state: { n: 0 } },
    ],
    [
      'assign of a key that is none',
      [step('a', { assign: { 'a b': 1, toString: 2 } })],
      ['INVALID_ID steps[0].assign["a b"]', 'RESERVED_ID steps[0].assign.toString'],
      { state: { n: 0 } },
    ],
    [
      'any key of an open schema',
      [reading('a', '{{state.m}}')],
      [],
      { state: { n: 0 }, stateSchema: { type: 'object', properties: { n: {} }, additionalProperties: true } },
    ],
    [
      'assign of a key of the schema',
      [step('a', { assign: { m: 1 } })],
      [],
      { state: { n: 0 }, stateSchema: { type: 'object', properties: { n: {}, m: {} } } },
    ],
    [
      'a property that the input schema does not have is a warning',
      [reading('a', '{{workflow.input.tpoic}}')],
      ['UNKNOWN_INPUT steps[0].template'],
      { input: { type: 'object', properties: { topic: {} } } },
    ],
    [
      'a property that the input schema lets through',
      [reading('a', '{{workflow.input.x}}')],
      [],
      { input: { type: 'object', properties: { topic: {} }, additionalProperties: true } },
    ],
  ]);
});

describe('routing', () => {
  const loop = { id: 'l', type: 'loop', items: [1] };
  run([
    [
      'to a step after, before, a list, the end',
      [step('a'), router('r', 'b', { else: ['c', 'b'] }), step('b'), step('c'), router('q', 'a', { else: 'end' })],
      [],
    ],
    ['to itself', [router('r', 'r')], ['TARGET_ITSELF steps[0].then']],
    [
      'to nowhere',
      [router('r', 'x', { else: ['y', 'end'] })],
      ['INVALID_TYPE steps[0].else[1]', 'UNKNOWN_STEP steps[0].then', 'UNKNOWN_STEP steps[0].else'],
    ],
    ['without a way', [{ id: 'r', type: 'conditional', condition: 'true' }], ['REQUIRED steps[0].then']],
    ['with an empty list', [router('r', [])], ['OUT_OF_RANGE steps[0].then']],
    ['with the same step twice', [router('r', ['a', 'a']), step('a')], ['DUPLICATE_ID steps[0].then']],
    [
      'into a group',
      [router('r', 'a'), { id: 'g', type: 'sequential', steps: [step('a')] }],
      ['TARGET_NOT_SIBLING steps[0].then'],
    ],
    [
      'out of a group',
      [{ id: 'g', type: 'sequential', steps: [router('r', 'b')] }, step('b')],
      ['TARGET_NOT_SIBLING steps[0].steps[0].then'],
    ],
    [
      'a router as a branch',
      [{ id: 'p', type: 'parallel', steps: [router('r', 'end'), step('a')] }],
      ['ROUTER_IN_PARALLEL steps[0].steps[0]'],
    ],
    [
      'a router in a group as a branch',
      [{ id: 'p', type: 'parallel', steps: [{ id: 'g', type: 'sequential', steps: [router('r', 'a'), step('a')] }] }],
      [],
    ],
    [
      'goto from a branch',
      [{ id: 'p', type: 'parallel', steps: [step('a', { onError: { goto: 'b' } }), step('b')] }],
      ['TARGET_NOT_SIBLING steps[0].steps[0].onError.goto'],
    ],
    ['goto a step', [step('a', { onError: { goto: 'c' } }), step('b'), step('c')], []],
    ['goto nowhere', [step('a', { onError: { goto: 'x' } })], ['UNKNOWN_STEP steps[0].onError.goto']],
    [
      'a router as a poll step',
      [{ id: 'w', type: 'wait', condition: 'true', poll: { type: 'conditional', condition: 'true', then: 'end' } }],
      ['ROUTER_MISPLACED steps[0].poll'],
    ],
    [
      'a router as a recovery',
      [step('a', { onError: { type: 'conditional', condition: 'true', then: 'end' } })],
      ['ROUTER_MISPLACED steps[0].onError'],
    ],
    ['end within a loop', [{ ...loop, steps: [router('r', 'end')] }], ['END_IN_LOOP steps[0].steps[0].then']],
    ['break and continue in a loop', [{ ...loop, steps: [router('r', 'break', { else: 'continue' })] }], []],
    ['break outside of a loop', [router('r', 'break')], ['NOT_IN_LOOP steps[0].then']],
    [
      'break in a group in a loop',
      [{ ...loop, step: { type: 'sequential', steps: [router('r', 'break')] } }],
      ['NOT_IN_LOOP steps[0].step.steps[0].then'],
    ],
    ['end in a group', [{ id: 'g', type: 'sequential', steps: [router('r', 'end')] }], []],
    [
      'a case called default',
      [{ id: 's', type: 'switch', value: 'x', cases: { default: 'a' } }, step('a')],
      ['CASE_DEFAULT steps[0].cases.default'],
    ],
  ]);
});

describe('writes at the same time', () => {
  const parallel = (...steps: readonly Data[]): Data => ({ id: 'p', type: 'parallel', steps });
  const state = { state: { n: 0, list: [] } };
  run([
    [
      'of the same key of state',
      [parallel(step('a', { assign: { n: 1 } }), step('b', { assign: { n: 2 } }))],
      ['CONFLICTING_WRITES steps[0].steps[1].assign.n'],
      state,
    ],
    [
      'of which one overwrites',
      [parallel(step('a', { assign: { n: { expr: '{{state.n}} + 1' } } }), step('b', { assign: { n: 2 } }))],
      ['CONFLICTING_WRITES steps[0].steps[1].assign.n'],
      state,
    ],
    [
      'that add',
      [parallel(step('a', { assign: { list: { append: 1 } } }), step('b', { assign: { list: { append: 2 } } }))],
      [],
      state,
    ],
    [
      'in one branch',
      [
        parallel({
          id: 'g',
          type: 'sequential',
          steps: [step('a', { assign: { n: 1 } }), step('b', { assign: { n: 2 } })],
        }),
      ],
      [],
      state,
    ],
    [
      'of the same var',
      [parallel(step('a', { output: 'x' }), step('b', { output: 'x' }))],
      ['CONFLICTING_WRITES steps[0].steps[1].output'],
    ],
    [
      'of the same var in rounds stay in the round',
      [parallel({ id: 'l', type: 'loop', items: [1], step: step('a', { output: 'x' }) }, step('b', { output: 'x' }))],
      [],
    ],
    [
      'of parallel rounds',
      [{ id: 'l', type: 'loop', items: [1], parallel: true, step: step('a', { assign: { n: 1 } }) }],
      ['CONFLICTING_WRITES steps[0].step.assign.n'],
      state,
    ],
    [
      'of rounds one after another',
      [{ id: 'l', type: 'loop', items: [1], step: step('a', { assign: { n: 1 } }) }],
      [],
      state,
    ],
  ]);
});

describe('ids', () => {
  run([
    [
      'are unique across nesting',
      [step('a'), { id: 'g', type: 'sequential', steps: [step('a')] }],
      ['DUPLICATE_ID steps[1].steps[0].id'],
    ],
    [
      'of inline steps can collide',
      [router('r', { type: 'wait', duration: 1 }), step('r-then')],
      ['DUPLICATE_ID steps[1].id'],
    ],
    ['are required', [{ type: 'wait', duration: 1 }], ['REQUIRED steps[0].id']],
    ['are texts', [{ id: 5, type: 'wait', duration: 1 }], ['INVALID_TYPE steps[0].id']],
    ['of targets are no ids', [step('end')], ['RESERVED_ID steps[0].id']],
  ]);
});

describe('what does not work yet is never accepted', () => {
  run([
    ...['schedule', 'webhook', 'exposeEndpoint', 'on', 'triggers'].map(
      (field) => [`workflow field ${field}`, [step('a')], [`NOT_SUPPORTED_YET ${field}`], { [field]: {} }] as const,
    ),
  ]);
});
