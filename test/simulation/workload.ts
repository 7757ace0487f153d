/**
 * What the simulator runs on: workflows of every construct, and any workflow from a seed. Agents answer what any of their readers
 * can use; persons and signals say anything that fits.
 */
import { DefinitionError } from '../../src/core/errors.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import type { StepContext } from '../../src/definition/step-context.ts';
import type { Chance, SimulationPlan } from '../../src/testing/simulation/plan.ts';
import { Respond } from '../../src/testing/answers.ts';
import { AnyFlow } from '../machines/any-flow.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const retry = { maxAttempts: 3, delay: 2_000, backoff: 'exponential', jitter: 0.5 };

const life = flow({
  name: 'life',
  steps: [
    agent('a', { retry, timeout: 60_000 }),
    { id: 'w', type: 'wait', duration: 5_000 },
    agent('b', {
      input: { prompt: 'on {{steps.a.output.text}}' },
      retry,
      totalTimeout: 200_000,
      onError: { output: 'instead' },
    }),
    agent('c', { onError: 'continue', timeout: 30_000 }),
    { id: 't', type: 'transform', transform: () => ({ made: true }) },
  ],
  output: { a: '{{steps.a.output}}', c: '{{steps.c.status}}' },
  onFailure: [agent('clean', { onError: 'continue' })],
});

const side = flow({
  name: 'side',
  state: { n: 0 },
  steps: [
    {
      id: 'p',
      type: 'parallel',
      maxConcurrency: 2,
      onError: 'continue',
      steps: [
        agent('x', { retry, timeout: 40_000, assign: { n: { expr: '{{state.n}} + 1' } } }),
        agent('y', { retry, timeout: 40_000 }),
        {
          id: 'g',
          type: 'sequential',
          steps: [agent('g1', { timeout: 40_000 }), { id: 'gw', type: 'wait', duration: 900 }, agent('g2')],
        },
      ],
    },
    agent('join'),
  ],
});

const people = flow({
  name: 'people',
  timeout: '9d',
  steps: [
    agent('draft', { retry, timeout: 50_000 }),
    { id: 'approve', type: 'human', title: 'fine?', timeout: '2d', onTimeout: 'reject' },
    {
      id: 'good',
      type: 'conditional',
      condition: '{{steps.approve.output.decision}} === "approve"',
      then: 'publish',
      else: 'draft',
    },
    {
      id: 'publish',
      type: 'http',
      url: 'https://api.example.com/{{steps.draft.output.text}}',
      method: 'POST',
      onError: 'continue',
    },
    { id: 'go', type: 'signal', name: 'go', timeout: '1d', onError: 'continue' },
    { id: 'last', type: 'signal', name: 'stop' },
  ],
  maxVisits: 100,
  onWorkflowStart: () => undefined,
});

const both = flow({
  name: 'both',
  steps: [
    {
      id: 'p',
      type: 'parallel',
      steps: [
        { id: 'h', type: 'human', title: 'h', timeout: '3d', onTimeout: 'approve' },
        { id: 's', type: 'signal', name: 'go' },
        {
          id: 'z',
          type: 'sequential',
          steps: [
            { id: 'zw', type: 'wait', duration: 30_000 },
            { id: 'ze', type: 'emit', name: 'go', payload: { n: 1 } },
          ],
        },
      ],
    },
  ],
  output: '{{steps.p.output}}',
});

const rounds = flow({
  name: 'rounds',
  state: { seen: [] },
  steps: [
    agent('list', { retry }),
    {
      id: 'each',
      type: 'loop',
      items: [1, 2, 3, 4],
      parallel: 2,
      onItemError: 'collect',
      steps: [
        agent('work', {
          retry,
          timeout: 30_000,
          input: { prompt: '{{loop.item}}' },
          assign: { seen: { append: '{{loop.item}}' } },
        }),
        { id: 'rest', type: 'wait', duration: 400 },
        { id: 'gave', type: 'transform', transform: () => 'done' },
      ],
    },
    {
      id: 'again',
      type: 'loop',
      while: '{{loop.index}} < 3',
      steps: [agent('more', { onError: 'continue', timeout: 20_000 })],
    },
  ],
  output: { seen: '{{state.seen}}', all: '{{steps.each.output}}' },
});

const family = flow({
  name: 'family',
  steps: [
    { id: 'kid', type: 'workflow', workflow: 'child', input: { word: 'x' }, onError: 'continue' },
    { id: 'free', type: 'workflow', workflow: 'child', input: { word: 'y' }, mode: 'detach' },
    agent('b', { onError: 'continue' }),
  ],
});

const child = flow({
  name: 'child',
  steps: [agent('c1', { retry }), { id: 'cw', type: 'wait', duration: 3_000 }, agent('c2', { timeout: 60_000 })],
});

const polling = flow({
  name: 'polling',
  state: { log: '' },
  steps: [
    {
      id: 'w',
      type: 'wait',
      condition: '{{steps.look.output.score}} < 2',
      pollInterval: 700,
      maxWait: '20m',
      onTimeout: 'continue',
      poll: agent('look', { onError: 'continue' }),
    },
    {
      id: 'which',
      type: 'switch',
      value: '{{steps.look.output.kind}}',
      cases: { big: 'heavy', small: 'light' },
      default: 'light',
    },
    agent('heavy', { retry }),
    agent('light'),
  ],
  onStepStart: {
    '*': (id: string, context: StepContext) => context.set('log', `${String(context.state['log'])}<${id}`),
  },
  onStepComplete: { heavy: () => ({ handled: true }) },
  onStepError: { light: () => 'mended' },
});

/** So long that checkpoints are written. */
const long = flow({
  name: 'long',
  state: { n: 0 },
  steps: [
    {
      id: 'ticks',
      type: 'loop',
      while: '{{state.n}} < 110',
      maxIterations: 200,
      steps: [agent('tick', { onError: 'continue', timeout: 20_000, assign: { n: { expr: '{{state.n}} + 1' } } })],
    },
    { id: 'w', type: 'wait', duration: 10_000 },
    agent('after'),
  ],
});

/** Two versions, between which runs are moved. */
const movable = (version: string, first: string, more: readonly LooseStep[]): WorkflowDefinition =>
  flow({
    name: 'movable',
    version,
    state: { log: [] },
    steps: [
      agent(first, { retry, timeout: 60_000, assign: { log: { append: first } } }),
      {
        id: 'p',
        type: 'parallel',
        steps: [
          agent('left', { retry, timeout: 40_000, onError: 'continue' }),
          { id: 'go', type: 'signal', name: 'go', timeout: '1d', onError: 'continue' },
        ],
      },
      { id: 'w', type: 'wait', duration: '2h' },
      ...more,
      agent('last', { onError: 'continue' }),
    ],
    output: '{{state.log}}',
  });

const movableFrom = movable('1', 'first', []);
const movableTo = movable('2', 'begin', [agent('added', { onError: 'continue' })]);

/** What fails is undone. */
const trip = flow({
  name: 'trip',
  steps: [
    agent('flight', { retry, timeout: 40_000, compensate: agent('unflight', { retry }) }),
    agent('hotel', { timeout: 40_000, compensate: agent('unhotel', { retry, timeout: 30_000 }) }),
    {
      id: 'cars',
      type: 'loop',
      items: [1, 2],
      parallel: true,
      steps: [agent('car', { retry, compensate: agent('uncar', { retry }) })],
    },
    agent('pay', { timeout: 60_000 }),
    { id: 'go', type: 'signal', name: 'go', timeout: '1h' },
  ],
  onFailure: [agent('sorry', { onError: 'continue' })],
});

const db = { name: 'db', limit: 2 };

/** What runs of all processes share: limits and the cache. */
const shared = flow({
  name: 'shared',
  steps: [
    {
      id: 'p',
      type: 'parallel',
      onError: 'continue',
      steps: [
        agent('s1', { cache: { key: 'one', ttl: '1h' }, retry, timeout: 60_000 }),
        agent('s2', { cache: { key: '{{workflow.input.topic}}', ttl: '10s' }, concurrency: db, retry }),
        agent('s3', { concurrency: db, timeout: 60_000, onError: 'continue' }),
        agent('s4', { concurrency: db, rateLimit: { name: 'api', limit: 2, per: 5_000 }, retry }),
      ],
    },
    {
      id: 'each',
      type: 'loop',
      items: ['x', 'y', 'x'],
      parallel: true,
      onItemError: 'collect',
      steps: [
        agent('s5', { cache: { key: '{{loop.item}}', ttl: '1h' }, concurrency: db, retry }),
        agent('s6', { rateLimit: { name: 'api', limit: 2, per: 5_000 }, onError: 'continue' }),
      ],
    },
  ],
});

const later = flow({
  name: 'later',
  steps: [
    agent('job', { callback: true, heartbeatTimeout: '1m', timeout: '20m', retry, onError: 'continue' }),
    agent('next', { onError: 'continue' }),
    agent('other', { callback: true, timeout: '3m', onError: 'continue' }),
  ],
});

const migrations = [
  { workflow: 'movable', to: '1', steps: { begin: 'first' } },
  { workflow: 'movable', to: '2', steps: { first: 'begin' } },
];

const known: readonly WorkflowDefinition[] = [
  ...[life, side, people, both, rounds, family, child, polling, long, movableTo],
  ...[trip, shared, later],
];

const made = new Map<number, WorkflowDefinition | null>();

/** Of the seeds of definitions, the first from `seed` on that is valid. */
function anyWorkflow(seed: number): WorkflowDefinition {
  for (let at = seed % 500; ; at++) {
    let found = made.get(at);
    if (found === undefined) made.set(at, (found = validOrNull(at)));
    if (found !== null) return found;
  }
}

function validOrNull(seed: number): WorkflowDefinition | null {
  try {
    return flow({ ...new AnyFlow(seed, { timed: false }).make(), name: `any${seed}` });
  } catch (error) {
    if (error instanceof DefinitionError) return null;
    throw error;
  }
}

function answer(chance: Chance): unknown {
  return chance.pick<unknown>([
    { text: 'short', score: chance.below(4), kind: chance.pick(['big', 'small', 'other']), n: chance.below(1_000_000) },
    { text: 'long '.repeat(40), score: 3, kind: 'big', n: chance.below(1_000_000) },
    'good',
    `text ${chance.below(1_000_000)}`,
  ]);
}

function wrongOutput(workflow: string, output: unknown): string | null {
  if (workflow !== 'rounds') return null;
  // A round that failed writes nothing; the others in their order.
  const { seen } = output as { readonly seen: readonly number[] };
  const isInOrder = seen.every((item, index) => index === 0 || item > (seen[index - 1] as number));
  const ended = (output as { readonly all: readonly unknown[] }).all;
  const missing = ended.flatMap((each, index) => (each === null || seen.includes(index + 1) ? [] : [index + 1]));
  if (isInOrder && missing.length === 0) return null;
  return `the state has ${JSON.stringify(seen)}, and rounds ${JSON.stringify(missing)} wrote nothing`;
}

/** What is run under a seed: two of the known ones, and any. */
export function planOf(seed: number): SimulationPlan {
  const random = new SeededRandom(seed * 7 + 3);
  const pick = (): WorkflowDefinition => known[Math.floor(random.next() * known.length)] as WorkflowDefinition;
  const drawn = [pick(), pick(), random.next() < 0.5 ? pick() : anyWorkflow(seed)];
  // What runs share is met when several of them share it.
  const chosen = seed % 10 === 0 ? [shared, shared, child] : drawn;
  return {
    workflows: [...new Set([movableFrom, ...chosen, child, movableTo])],
    starts: chosen.map(({ name }) => ({ workflow: name, input: { topic: 'tides', n: 1 } })),
    // Of those who are to pay, half do not.
    answer: ({ step }, chance) =>
      step.id === 'pay' && chance.chance(0.5) ? new Respond({ status: 422 }) : answer(chance),
    fillIn: (_task, chance) => ({ decision: chance.chance(0.7) ? 'approve' : 'reject' }),
    migrations: chosen.includes(movableTo) ? migrations : [],
    expect: ({ workflow, output }) => wrongOutput(workflow, output),
    signals: [
      { name: 'go', payload: (chance) => ({ n: chance.below(1_000_000) }) },
      { name: 'stop', payload: (chance) => ({ n: chance.below(1_000_000) }) },
    ],
  };
}
