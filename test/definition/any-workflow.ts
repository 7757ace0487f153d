/** Any valid workflow as plain data, nested a few levels deep: of the types that need nobody else, and of every type. */
import fc from 'fast-check';

type Data = Record<string, unknown>;
/** A step without its id; ids are given in the end, in order. */
type Draft = Data;

const duration = fc.constantFrom<unknown>(0, 5, 1500, '30s', '5m', '1d');
const positive = fc.constantFrom<unknown>(5, 1500, '30s', '5m', '2h');
const condition = fc.constantFrom<unknown>(
  '{{workflow.input.n}} > 3',
  'contains({{workflow.input.text}}, "x") && true',
  true,
  '{{state.n}} === null',
);
const text = fc.oneof(
  fc.constantFrom(
    '{{workflow.input.text}}',
    'On {{workflow.input.text}}: {{workflow.input.n}}',
    '{{workflow.input.a}} || "none"',
  ),
  fc.string({ maxLength: 8 }).map((any) => any.replace(/[{}]/g, '')),
);
const data: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  data: fc.oneof(
    { maxDepth: 2 },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('data'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 5 }), tie('data'), { maxKeys: 3 }),
  ),
})).data;

const retry = fc.record(
  {
    maxAttempts: fc.integer({ min: 1, max: 9 }),
    delay: duration,
    backoff: fc.constantFrom('fixed', 'linear', 'exponential'),
    maxDelay: positive,
    jitter: fc.constantFrom(0, 0.5, 1),
    on: fc.constant([503, 'TIMEOUT']),
  },
  { requiredKeys: [] },
);

const common = fc.record(
  {
    timeout: positive,
    totalTimeout: positive,
    retry,
    onError: fc.oneof(fc.constantFrom<unknown>('fail', 'continue'), fc.record({ output: data })),
    metadata: fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue() as fc.Arbitrary<unknown>, { maxKeys: 2 }),
    tags: fc.array(fc.string({ minLength: 1, maxLength: 5 }), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const skippable = fc.record({ condition }, { requiredKeys: [] });

function step(type: string, fields: fc.Arbitrary<Data>, ownCondition = false): fc.Arbitrary<Draft> {
  return stepWith(common, type, fields, ownCondition);
}

function stepWith(
  shared: fc.Arbitrary<Data>,
  type: string,
  fields: fc.Arbitrary<Data>,
  ownCondition = false,
): fc.Arbitrary<Draft> {
  return fc
    .tuple(shared, ownCondition ? fc.constant({}) : skippable, fields)
    .map(([one, two, three]) => ({ type, ...one, ...two, ...three }));
}

const agent = step(
  'agent',
  fc.record({
    agentId: fc.constantFrom('a', 'b'),
    input: fc.record({ prompt: fc.constant('Go {{workflow.input.n}}'), extra: data }),
    format: fc.constantFrom('auto', 'text', 'json'),
  }),
);
const agentHttp = step(
  'agent',
  fc.record({
    agentId: fc.constant('https://agent.example'),
    action: fc.constant('http'),
    endpoint: fc.constant('/run'),
    method: fc.constantFrom('GET', 'put'),
    input: data,
    schema: fc.constant({ type: 'object' }),
    repair: fc.constant(2),
  }),
);
const http = step(
  'http',
  fc.record({
    url: fc.constantFrom('https://a.example/{{workflow.input.n}}', '{{workflow.input.url}}'),
    headers: fc.constant({ 'X-Key': '{{env.KEY}}' }),
    query: fc.constant({ q: '{{workflow.input.q}}', list: [1, 2] }),
    pick: fc.constantFrom('body', 'response'),
  }),
);
const post = step(
  'http',
  fc.record({ url: fc.constant('https://a.example'), method: fc.constantFrom('POST', 'patch'), body: data }),
);
const transform = step('transform', fc.record({ template: data }));
const pause = step(
  'wait',
  fc.oneof(
    fc.record({ duration }),
    fc.constant({ until: '2030-01-01T00:00:00Z' }),
    fc.constant({ duration: '{{workflow.input.pause}}' }),
  ),
  true,
);
/** Steps that need nobody else. */
const leaf = fc.oneof(agent, agentHttp, http, post, transform, pause);

/** Of steps that wait for somebody: no attempts. */
const waiting = common.map(({ retry: _retry, totalTimeout: _totalTimeout, ...rest }): Data => rest);
const form = { type: 'object', properties: { score: { type: 'number' } } };
const human = stepWith(
  waiting,
  'human',
  fc.oneof(
    fc.record({
      title: fc.constant('Review {{workflow.input.n}}'),
      assignees: fc.constantFrom<unknown>('{{workflow.input.owner}}', ['kim', '{{workflow.input.owner}}']),
      timeout: positive,
      onTimeout: fc.constantFrom('fail', 'approve', 'reject'),
    }),
    fc.constant({ message: 'Score it', form }),
  ),
);
const signal = stepWith(
  waiting,
  'signal',
  fc.record(
    { name: fc.constant('order paid'), match: fc.constant('{{signal.payload.id}} === {{workflow.input.id}}') },
    { requiredKeys: [] },
  ),
);
const child = step(
  'workflow',
  fc.record(
    {
      workflow: fc.constantFrom('child', 'A title'),
      version: fc.constantFrom<unknown>('1.2', 3),
      input: data,
      mode: fc.constantFrom('wait', 'detach'),
      onParentClose: fc.constantFrom('cancel', 'abandon'),
    },
    { requiredKeys: ['workflow'] },
  ),
);
const emit = step('emit', fc.record({ name: fc.constant('done'), payload: data }, { requiredKeys: ['name'] }));

const limits = fc.record(
  {
    concurrency: fc.constantFrom<unknown>(
      'one',
      { name: 'few', limit: 3 },
      { key: '{{workflow.input.user}}', limit: 2 },
    ),
    rateLimit: fc.constantFrom<unknown>(
      { name: 'api', limit: 10, per: '1m' },
      { key: '{{workflow.input.user}}', limit: 2, per: 500 },
    ),
  },
  { requiredKeys: [] },
);
const cache = fc.record({
  cache: fc.constantFrom<unknown>('1h', 5, { ttl: '1d' }, { key: ['{{workflow.input.n}}'], ttl: '1d' }),
});
const compensate = fc.record({
  compensate: fc.constantFrom<unknown>(
    { type: 'http', url: 'https://a.example/undo', method: 'DELETE', retry: { maxAttempts: 9 } },
    { type: 'agent', agentId: 'a', input: { prompt: 'Undo' }, condition: true },
    { type: 'emit', name: 'undone' },
    { type: 'workflow', workflow: 'undo' },
  ),
});

/** Compensations that need nobody else. */
const callingCompensate = fc.record({
  compensate: fc.constantFrom<unknown>(
    { type: 'http', url: 'https://a.example/undo', method: 'DELETE', retry: { maxAttempts: 2 } },
    {
      type: 'agent',
      agentId: 'a',
      input: { prompt: 'Undo after {{workflow.error.code}}' },
      condition: '{{workflow.input.n}} > 1',
    },
  ),
});

function having(steps: fc.Arbitrary<Draft>, ...fields: readonly fc.Arbitrary<Data>[]): fc.Arbitrary<Draft> {
  return fc.tuple(steps, ...fields).map((parts): Draft => Object.assign({}, ...parts) as Draft);
}

/** Steps of every type that holds no others, with all that they can have. */
const anyLeaf = fc.oneof(
  leaf,
  signal,
  having(fc.oneof(agent, agentHttp, http, post, transform), limits, fc.oneof(cache, compensate)),
  having(child, limits, compensate),
  having(fc.oneof(human, emit), compensate),
  fc.oneof(child, human, emit),
);

function stepsOf(leaves: fc.Arbitrary<Draft>): fc.Arbitrary<Draft> {
  return fc.letrec<{ step: Draft; list: Draft[]; branches: Draft[]; router: Draft }>((tie) => ({
    step: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaves,
      step('sequential', fc.record({ steps: tie('list') })),
      step(
        'parallel',
        fc.record({
          steps: tie('branches'),
          failFast: fc.boolean(),
          maxConcurrency: fc.constant(2),
          join: fc.constantFrom<unknown>('all', 'any', 1),
        }),
      ),
      step(
        'loop',
        fc.record({
          items: fc.constant('{{workflow.input.list}}'),
          as: fc.constantFrom('page', 'entry'),
          parallel: fc.constantFrom<unknown>(true, false, 4),
          onItemError: fc.constantFrom('fail', 'collect', 'skip'),
          steps: tie('list'),
        }),
      ),
      step('loop', fc.record({ while: condition, step: tie('step'), maxIterations: fc.constant(7) })),
      step('loop', fc.record({ until: condition, steps: tie('list') })),
      step(
        'wait',
        fc.record({
          condition,
          poll: leaf,
          pollInterval: positive,
          maxWait: positive,
          onTimeout: fc.constantFrom('fail', 'continue'),
        }),
        true,
      ),
    ),
    router: fc.oneof(
      step(
        'conditional',
        fc.record({ condition, then: leaves, else: leaves }, { requiredKeys: ['condition', 'then'] }),
        true,
      ),
      step(
        'switch',
        fc.record(
          {
            value: data,
            cases: fc.record({ a: leaves, 'B c': leaves, 10: leaves, 9: leaves }, { requiredKeys: ['a'] }),
            default: leaves,
          },
          { requiredKeys: ['value', 'cases'] },
        ),
      ),
    ),
    list: fc.array(fc.oneof({ weight: 3, arbitrary: tie('step') }, { weight: 1, arbitrary: tie('router') }), {
      minLength: 1,
      maxLength: 3,
    }),
    branches: fc.array(tie('step'), { minLength: 1, maxLength: 3 }),
  })).step;
}

/** @param leaves steps that hold no others; a poll step and `onFailure` steps are never compensated */
function workflowsOf(leaves: fc.Arbitrary<Draft>): fc.Arbitrary<Data> {
  return fc
    .record(
      {
        id: fc.constantFrom('wf', '550e8400-e29b-41d4-a716-446655440000'),
        name: fc.constantFrom('A title', 'name'),
        version: fc.constantFrom<unknown>(2, '1.4'),
        description: fc.string({ maxLength: 8, unit: 'grapheme' }),
        input: fc.constantFrom<unknown>({}, true, { type: 'object' }),
        steps: fc.array(stepsOf(leaves), { minLength: 1, maxLength: 4 }),
        onFailure: fc.array(leaf, { minLength: 1, maxLength: 2 }),
        output: data,
        state: fc.constant({ n: null }),
        timeout: positive,
        templates: fc.constantFrom({}, { missing: 'empty' }),
        maxVisits: fc.constant(3),
        tags: fc.constantFrom([], ['x']),
        metadata: fc.constantFrom({}, { a: [1] }),
      },
      { requiredKeys: ['id', 'steps', 'state'] },
    )
    .map(withIds);
}

/** Of steps that need nobody else. */
export const anyWorkflow: fc.Arbitrary<Data> = workflowsOf(
  fc.oneof(
    { weight: 2, arbitrary: leaf },
    having(fc.oneof(agent, agentHttp, http, post, transform), callingCompensate),
  ),
);

/** Of steps of every type, with fields that are not carried out yet. */
export const everyWorkflow: fc.Arbitrary<Data> = workflowsOf(anyLeaf);

/** Gives every step in a list an id; inline steps get theirs from the step around them. */
function withIds(workflow: Data): Data {
  let count = 0;
  const visit = (given: unknown): unknown => {
    if (Array.isArray(given)) return given.map(visit);
    if (typeof given !== 'object' || given === null) return given;
    const draft = { ...given } as Data;
    for (const field of ['step', 'then', 'else', 'default', 'poll'])
      if (draft[field] !== undefined) draft[field] = { id: `s${(count += 1)}`, ...(visit(draft[field]) as Data) };
    if (draft['cases'] !== undefined)
      draft['cases'] = Object.fromEntries(
        Object.entries(draft['cases'] as Data).map(([key, each]) => [key, visit(each)]),
      );
    if (Array.isArray(draft['steps']))
      draft['steps'] = draft['steps'].map((each) => ({ id: `s${(count += 1)}`, ...(visit(each) as Data) }));
    return draft;
  };
  const named = visit({ steps: workflow['steps'] }) as Data;
  const failure =
    workflow['onFailure'] === undefined
      ? {}
      : { onFailure: (visit({ steps: workflow['onFailure'] }) as Data)['steps'] };
  return { ...workflow, ...named, ...failure };
}
