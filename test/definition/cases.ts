/** Wrong (and a few right) definitions with what has to be said about them. */

export interface Case {
  readonly id: string;
  /** Plain data; of the YAML cases a text or its bytes. */
  readonly given: unknown;
  /** What the messages have to mention, all of it. */
  readonly expected: 'accepted' | readonly RegExp[];
  /** The path of the mistake. */
  readonly at?: string;
  readonly withinMs?: number;
}

function agent(id: string): Readonly<Record<string, unknown>> {
  return { id, type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } };
}

/** A wait step inside as many groups. */
function nested(levels: number): Readonly<Record<string, unknown>> {
  let step: Readonly<Record<string, unknown>> = { id: 'x0', type: 'wait', duration: 1 };
  for (let level = 1; level < levels; level += 1) step = { id: `x${level}`, type: 'sequential', steps: [step] };
  return step;
}

export const definitionCases: readonly Case[] = [
  { id: 'DEF-001', given: { id: 'wf', steps: [] }, expected: [/no steps|empty|at least one step/i], at: 'steps' },
  { id: 'DEF-002', given: { id: 'wf' }, expected: [/steps/i, /missing|required/i], at: 'steps' },
  { id: 'DEF-003', given: null, expected: [/definition/i, /object/i], at: '' },
  { id: 'DEF-004', given: { id: 'wf', steps: 'not-an-array' }, expected: [/steps/i, /array/i], at: 'steps' },
  {
    id: 'DEF-005',
    given: { id: 'wf', steps: [agent('a'), agent('a')] },
    expected: [/duplicate/i, /\ba\b/i],
    at: 'steps[1].id',
  },
  {
    id: 'DEF-007',
    given: { id: 'wf', steps: [{ id: 'a', type: 'agnet', agentId: 'a1' }] },
    expected: [/unknown (step )?type/i, /agnet/i, /agent/i],
    at: 'steps[0].type',
  },
  {
    id: 'DEF-009',
    given: { id: 'wf', steps: [{ id: 'a', type: 'agent', input: { prompt: 'x' } }] },
    expected: [/agentId/i, /missing|required/i],
    at: 'steps[0].agentId',
  },
  {
    id: 'DEF-010',
    given: {
      id: 'wf',
      steps: [{ id: 'a', type: 'agent', agentId: 'nobody', action: 'prompt', input: { prompt: 'p' } }],
    },
    expected: [/unknown agent/i, /nobody/i],
    at: 'steps[0].agentId',
  },
  {
    id: 'DEF-011',
    given: {
      id: 'wf',
      steps: [agent('a'), { id: 'd', type: 'conditional', condition: 'true', then: 'nope', else: 'a' }],
    },
    expected: [/unknown step|does not exist/i, /nope/i],
    at: 'steps[1].then',
  },
  {
    id: 'DEF-012',
    given: { id: 'wf', steps: [{ id: 'd', type: 'conditional', then: 'x', else: 'y' }] },
    expected: [/condition/i, /missing|required/i],
    at: 'steps[0].condition',
  },
  {
    id: 'DEF-013',
    given: { id: 'wf', steps: [{ id: 'd', type: 'conditional', condition: '1 ==', then: 'x' }, agent('x')] },
    expected: [/condition|expression/i, /unexpected end|expected/i],
    at: 'steps[0].condition',
  },
  {
    id: 'DEF-014',
    given: { id: 'wf', steps: [{ id: 's', type: 'switch', value: '{{workflow.input.t}}', cases: {} }] },
    expected: [/cases/i, /empty|at least one/i],
    at: 'steps[0].cases',
  },
  {
    id: 'DEF-015',
    given: { id: 'wf', steps: [{ id: 's', type: 'switch', value: '{{workflow.input.t}}', cases: { a: 'nowhere' } }] },
    expected: [/nowhere/i, /unknown step|does not exist/i],
    at: 'steps[0].cases.a',
  },
  {
    id: 'DEF-016',
    given: { id: 'wf', steps: [{ id: 'p', type: 'parallel', steps: [] }] },
    expected: [/parallel/i, /no steps|empty|at least one/i],
    at: 'steps[0].steps',
  },
  {
    id: 'DEF-017',
    given: { id: 'wf', steps: [{ id: 'p', type: 'parallel', maxConcurrency: 0, steps: [agent('x')] }] },
    expected: [/maxConcurrency/i, />= ?1|positive|at least 1/i],
    at: 'steps[0].maxConcurrency',
  },
  {
    id: 'DEF-018',
    given: { id: 'wf', steps: [{ id: 'p', type: 'parallel', maxConcurrency: 1.5, steps: [agent('x')] }] },
    expected: [/maxConcurrency/i, /integer/i],
    at: 'steps[0].maxConcurrency',
  },
  {
    id: 'DEF-020',
    given: {
      id: 'wf',
      steps: [{ id: 'l', type: 'loop', items: '{{workflow.input.xs}}', maxIterations: -1, step: agent('x') }],
    },
    expected: [/maxIterations/i, /positive|>= ?1|at least 1/i],
    at: 'steps[0].maxIterations',
  },
  {
    id: 'DEF-021',
    given: { id: 'wf', steps: [{ id: 'w', type: 'wait', duration: -5 }] },
    expected: [/duration/i, /negative|>= ?0|positive/i],
    at: 'steps[0].duration',
  },
  {
    id: 'DEF-022',
    given: { id: 'wf', steps: [{ id: 'w', type: 'wait', duration: 'five' }] },
    expected: [/duration/i, /number|milliseconds/i],
    at: 'steps[0].duration',
  },
  {
    id: 'DEF-023',
    given: { id: 'wf', steps: [{ id: 'w', type: 'wait', duration: 2147483648000 }] },
    expected: 'accepted',
  },
  {
    id: 'DEF-028',
    given: {
      id: 'wf',
      steps: [{ id: 'a', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' }, timeout: -1 }],
    },
    expected: [/timeout/i, /positive/i],
    at: 'steps[0].timeout',
  },
  {
    id: 'DEF-029',
    given: {
      id: 'wf',
      steps: [{ id: 'a', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' }, timeout: null }],
    },
    expected: [/timeout/i, /number/i],
    at: 'steps[0].timeout',
  },
  {
    id: 'DEF-030',
    given: {
      id: 'wf',
      steps: [{ id: 'a', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' }, tiemout: 5 }],
    },
    expected: [/unknown (property|option|field)/i, /tiemout/i, /timeout/i],
    at: 'steps[0].tiemout',
  },
  {
    id: 'DEF-031',
    given: { id: 'wf', steps: [{ id: 'h', type: 'http', method: 'FETCH', url: 'https://x.example' }] },
    expected: [/method/i, /FETCH/i],
    at: 'steps[0].method',
  },
  {
    id: 'DEF-032',
    given: { id: 'wf', steps: [{ id: 'h', type: 'http', method: 'POST' }] },
    expected: [/url/i, /missing|required/i],
    at: 'steps[0].url',
  },
  {
    id: 'DEF-034',
    given: {
      id: 'wf',
      steps: [{ id: 'h', type: 'http', method: 'GET', url: 'https://x.example', headers: { 'bad header': 'v' } }],
    },
    expected: [/header/i, /bad header/i],
    at: 'steps[0].headers',
  },
  {
    id: 'DEF-036',
    given: {
      id: 'wf',
      steps: [{ id: 'a', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: '{{steps.a.output}}' } }],
    },
    expected: [/itself|self/i],
    at: 'steps[0].input.prompt',
  },
  {
    id: 'DEF-037',
    given: {
      id: 'wf',
      steps: [{ id: 'a', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: '{{steps.ghost.output}}' } }],
    },
    expected: [/unknown step/i, /ghost/i],
    at: 'steps[0].input.prompt',
  },
  {
    id: 'DEF-040',
    given: { id: 'wf', steps: [{ id: 't', type: 'transform', input: '{{workflow.input}}', transform: 'return data' }] },
    expected: [/transform/i, /function|named|registered/i],
    at: 'steps[0].transform',
  },
  {
    id: 'DEF-041',
    given: { id: 'wf', steps: [agent('a')], setOutput: '{{steps.zz.output}}' },
    expected: [/zz/i, /unknown step/i],
    at: 'output',
  },
  {
    id: 'DEF-042',
    given: { id: '../etc', steps: [agent('a')] },
    expected: [/id/i, /invalid|allowed characters/i],
    at: 'id',
  },
  {
    id: 'DEF-044',
    given: {
      id: 'wf',
      steps: Array.from({ length: 20_001 }, (_, index) => ({ id: `s${index}`, type: 'wait', duration: 1 })),
    },
    expected: [/too many steps|limit/i],
    at: 'steps',
    withinMs: 1000,
  },
  {
    id: 'DEF-045',
    given: { id: 'wf', steps: [nested(500)] },
    expected: [/nest/i, /depth|deep/i],
    at: 'steps',
    withinMs: 1000,
  },
  {
    id: 'DEF-039 (right, as the router jumps back)',
    given: {
      id: 'wf',
      steps: [
        { ...agent('a'), condition: '{{steps.b.output}} == 1' },
        { id: 'b', type: 'conditional', condition: 'true', then: 'a', else: 'a' },
      ],
    },
    expected: 'accepted',
  },
  {
    id: 'DEF-048 (not a type)',
    given: { id: 'wf', steps: [{ id: 'ap', type: 'approval', approvers: [] }] },
    expected: [/unknown step type/i, /approval/, /a pause for a person is type 'human'$/],
    at: 'steps[0].type',
  },
  {
    id: 'DEF-052 (not yet)',
    given: { id: 'wf', schedule: { cron: '0 2 * * *', timezone: 'Mars/Base' }, steps: [agent('a')] },
    expected: [/not supported yet/],
    at: 'schedule',
  },
  {
    id: 'DEF-053 (not yet)',
    given: { id: 'wf', schedule: { cron: '0 0 30 2 *' }, steps: [agent('a')] },
    expected: [/not supported yet/],
    at: 'schedule',
  },
  {
    id: 'EXP-044 (what is no text is no condition)',
    given: {
      id: 'wf',
      steps: [agent('a'), { id: 'd', type: 'conditional', condition: 5, then: 'b' }, { ...agent('b'), condition: [] }],
    },
    expected: [/condition must be a text or a function \(found 5\)/, /found an empty list/],
    at: 'steps[1].condition',
  },
  ...[
    'https://{{steps.a.output}}/x',
    'https://api.{{steps.a.output}}.example/',
    'https://api.example{{steps.a.output}}',
    'https://api.example:{{steps.a.output}}/x',
    '{{steps.a.output}}/x',
    '{{steps.a.output}}://api.example/',
  ].map((url) => ({
    id: `SEC-SSRF-36 (an output that decides the host: ${url})`,
    given: { id: 'wf', steps: [agent('a'), { id: 'h', type: 'http', url }] },
    expected: [/the host of a url cannot come from a template/],
    at: 'steps[1].url',
  })),
  {
    id: 'DEF-047',
    given: { id: 'wf', steps: [{ id: 'd', type: 'conditional', condition: 'true', then: 'd', else: 'd' }] },
    expected: [/itself|cycle|loop/i],
    at: 'steps[0].then',
  },
];

export const stepIdCases: readonly Case[] = [
  {
    id: 'ID-01',
    given: {
      id: 'wf',
      steps: [
        { id: '__proto__', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        { id: 'next', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: '{{steps.__proto__.output}}' } },
      ],
    },
    expected: [/__proto__/i, /reserved|not allowed|invalid/i],
    at: 'steps[0].id',
  },
  {
    id: 'ID-02',
    given: {
      id: 'wf',
      steps: [
        { id: 'constructor', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        {
          id: 'next',
          type: 'agent',
          agentId: 'a1',
          action: 'prompt',
          input: { prompt: '{{steps.constructor.output}}' },
        },
      ],
    },
    expected: [/constructor/i, /reserved|not allowed|invalid/i],
    at: 'steps[0].id',
  },
  {
    id: 'ID-05',
    given: {
      id: 'wf',
      steps: [
        { id: 'hasOwnProperty', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        {
          id: 'next',
          type: 'agent',
          agentId: 'a1',
          action: 'prompt',
          input: { prompt: '{{steps.hasOwnProperty.output}}' },
        },
      ],
    },
    expected: [/hasOwnProperty/i, /reserved|not allowed|invalid/i],
    at: 'steps[0].id',
  },
  {
    id: 'ID-100',
    given: {
      id: 'wf',
      steps: [
        { id: 'a.b', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        { id: 'next', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: '{{steps.a.b.output}}' } },
      ],
    },
    expected: [/id/i, /invalid|allowed/i],
    at: 'steps[0].id',
  },
  {
    id: 'ID-102',
    given: {
      id: 'wf',
      steps: [
        { id: 'a b', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        { id: 'next', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: '{{steps.a b.output}}' } },
      ],
    },
    expected: [/id/i, /invalid|allowed/i],
    at: 'steps[0].id',
  },
  {
    id: 'ID-103',
    given: {
      id: 'wf',
      steps: [
        { id: 'a/b', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        { id: 'next', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: '{{steps.a/b.output}}' } },
      ],
    },
    expected: [/id/i, /invalid|allowed/i],
    at: 'steps[0].id',
  },
  {
    id: 'ID-106',
    given: {
      id: 'wf',
      steps: [
        { id: 'a\nb', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        { id: 'next', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: '{{steps.a\nb.output}}' } },
      ],
    },
    expected: [/id/i, /invalid|allowed/i],
    at: 'steps[0].id',
  },
  {
    id: 'ID-110',
    given: {
      id: 'wf',
      steps: [
        { id: 'xstate.done.actor.a', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        {
          id: 'next',
          type: 'agent',
          agentId: 'a1',
          action: 'prompt',
          input: { prompt: '{{steps.xstate.done.actor.a.output}}' },
        },
      ],
    },
    expected: [/id/i, /invalid|allowed/i],
    at: 'steps[0].id',
  },
  {
    id: 'ID-111',
    given: {
      id: 'wf',
      steps: [
        { id: '*', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        { id: 'next', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: '{{steps.*.output}}' } },
      ],
    },
    expected: [/id/i, /invalid|allowed/i],
    at: 'steps[0].id',
  },
  {
    id: 'ID-112',
    given: {
      id: 'wf',
      steps: [
        { id: 'a{{b}}', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        { id: 'next', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: '{{steps.a{{b}}.output}}' } },
      ],
    },
    expected: [/id/i, /invalid|allowed/i],
    at: 'steps[0].id',
  },
  {
    id: 'ID-113',
    given: {
      id: 'wf',
      steps: [
        { id: "a'b", type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        { id: 'next', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: "{{steps.a'b.output}}" } },
      ],
    },
    expected: [/id/i, /invalid|allowed/i],
    at: 'steps[0].id',
  },
  {
    id: 'ID-114',
    given: {
      id: 'wf',
      steps: [
        { id: 'a"b', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        { id: 'next', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: '{{steps.a"b.output}}' } },
      ],
    },
    expected: [/id/i, /invalid|allowed/i],
    at: 'steps[0].id',
  },
  {
    id: 'ID-130',
    given: { id: 'wf', steps: [{ id: 'x'.repeat(10000), type: 'wait', duration: 1 }] },
    expected: [/id/i, /too long|at most/i],
    at: 'steps[0].id',
  },
  {
    id: 'ID-131',
    given: {
      id: 'wf',
      steps: [
        { id: 'Step', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        { id: 'step', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
      ],
    },
    expected: 'accepted',
  },
  {
    id: 'ID-132',
    given: {
      id: 'wf',
      steps: [
        { id: 'fetch-research', type: 'agent', agentId: 'a1', action: 'prompt', input: { prompt: 'p' } },
        {
          id: 'z',
          type: 'agent',
          agentId: 'a1',
          action: 'prompt',
          input: { prompt: '{{steps.fetch-research.output}}' },
          condition: '{{steps.fetch-research.output}} == "x"',
        },
      ],
    },
    expected: 'accepted',
  },
];

export const yamlCases: readonly Case[] = [
  { id: 'YML-001', given: '', expected: [/empty/i] },
  { id: 'YML-002', given: 'just a string', expected: [/workflow|object|map/i] },
  { id: 'YML-003', given: 'workflows:\n\t- id: a', expected: [/tab/i] },
  { id: 'YML-004', given: 'workflows:\n  - id: a\n    id: b\n    steps: []', expected: [/duplicate|unique/i, /id/i] },
  { id: 'YML-005', given: 'workflows:\n  - id: a\n    steps: *nope', expected: [/alias|anchor/i, /nope/i] },
  { id: 'YML-006', given: 'a: 1\n---\nb: 2', expected: [/multiple documents|more than one document/i] },
  {
    id: 'YML-007',
    given:
      'workflows:\n  - id: w\n    steps:\n      - id: a\n        type: agent\n        agentId: x\n        input:\n          prompt: {{workflow.input.topic}}',
    expected: [/quote|\{\{/i],
  },
  {
    id: 'YML-008',
    given: 'workflows:\n  - id: w\n    steps:\n      - id: no\n        type: wait\n        duration: 010',
    expected: 'accepted',
  },
  { id: 'YML-010', given: 'x: !!python/object:os.system ["id"]', expected: [/tag/i] },
  { id: 'YML-011', given: 'a: &a [*a]', expected: [/circular|alias|cycle/i] },
  {
    id: 'YML-012',
    given:
      'workflows:\n  - id: w\n    steps:\n      - id: a\n        type: wait\n        duration: 1\n   extra: bad-indent',
    expected: [/indent|column/i],
  },
  {
    id: 'YML-013',
    given: 'workflows:\n  - id: w\n    steps:\n      - id: a\n        type: agent\n        agentId: ${AGENT_IDS.NOPE}',
    expected: [/AGENT_IDS.NOPE|NOPE/i, /unknown|not defined/i],
  },
  {
    id: 'YML-014',
    given: 'workflows:\n  - id: yes\n    steps:\n      - {id: on, type: wait, duration: 1}',
    expected: 'accepted',
  },
  {
    id: 'YML-015',
    given:
      'a: &a [x,x,x,x,x,x,x,x,x]\n' +
      'bcdefghi'
        .split('')
        .map(
          (c, i) =>
            c +
            ': &' +
            c +
            ' [' +
            Array(9)
              .fill('*' + 'abcdefghi'[i])
              .join(',') +
            ']',
        )
        .join('\n'),
    expected: [/alias|expansion|too (large|many)/i],
    withinMs: 500,
  },
  { id: 'YML-016', given: '['.repeat(5000) + ']'.repeat(5000), expected: [/nest|depth/i] },
  {
    id: 'YML-017',
    given: '\ufeffworkflows:\n  - id: w\n    steps:\n      - {id: a, type: wait, duration: 1}\n',
    expected: 'accepted',
  },
  {
    id: 'YML-018',
    given: Uint8Array.from(Buffer.from('776f726b666c6f77733a20fffe', 'hex')),
    expected: [/utf-?8|encoding/i],
  },
  { id: 'YML-019', given: 'x: ' + 'y'.repeat(11 * 1024 * 1024), expected: [/too large|limit/i], withinMs: 200 },
];
