/** A world that answers any workflow by a seed. No two things happen at the same time, so that every order is decided. */
import { EffectResult } from '../../src/core/effect.ts';
import { TerminalError, WorkflowError, type ErrorCode } from '../../src/core/errors.ts';
import { createTree } from '../../src/definition/checks/tree.ts';
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { after, type MockCall, type MockTable } from '../support/mocks.ts';
import { SeededRandom } from '../support/seeded-random.ts';

/** Failures that are not the usual ones: by their code, by what is in them, by whether they say that they pass. */
const unusualErrors: readonly (readonly [ErrorCode, Readonly<Record<string, unknown>>?, boolean?])[] = [
  ['AGENT_UNREACHABLE'],
  ['LIMIT_EXCEEDED'],
  ['OUTPUT_INVALID'],
  ['HTTP_ERROR'],
  ['AGENT_ERROR', { status: 504 }],
  ['HTTP_ERROR', { status: 404 }, false],
  ['AGENT_UNREACHABLE', { code: 'ECONNREFUSED' }],
  ['TIMEOUT', {}, false],
  ['AGENT_RESPONSE_INVALID', { reason: 'json', status: 200 }],
];

function unusualError(random: SeededRandom): Error {
  const [code, details = {}, retryable] =
    unusualErrors[Math.floor(random.next() * unusualErrors.length)] ?? (['HTTP_ERROR'] as const);
  return new WorkflowError(code, 'busy as well', { details, ...(retryable === undefined ? {} : { retryable }) });
}

interface World {
  readonly seed: number;
  readonly unusual: number;
  /** Ids of the steps whose schema wants a review. */
  readonly reviewers: ReadonlySet<string>;
}

/** What a call gives, by who calls and how often; after some time that no other call takes. */
function anyAnswer({ seed, unusual, reviewers }: World): (call: MockCall) => unknown {
  return (call) => {
    const round = call.run.includes('/') ? call.run.slice(call.run.indexOf('/')) : '';
    const random = new SeededRandom(seed ^ hash(`${round} ${call.step} ${call.visit} ${call.attempt}`));
    const delayMs = 1_000 * (1 + random.next() * 40);
    const kind = random.next();
    const answer = (): unknown => {
      if (call.step.startsWith('b') && !call.step.includes('-') && kind > 0.3)
        return new EffectResult(null, { isAccepted: true });
      if (kind < 0.12) throw new WorkflowError('AGENT_ERROR', 'busy', { details: { status: 503 } });
      if (kind < 0.15) throw new TerminalError('never');
      if (kind < 0.15 + unusual) throw unusualError(random);
      if (reviewers.has(call.step)) return review(random);
      const values = [
        'good',
        'bad',
        0,
        1,
        '',
        { score: 1 },
        { score: 0, text: 'x'.repeat(200) },
        null,
        'long '.repeat(30),
      ];
      const value = values[Math.floor(random.next() * values.length)];
      return unusual > 0 && kind > 0.8 ? new EffectResult(value, { metadata: { model: 'small' } }) : value;
    };
    return after(delayMs, answer)(call);
  };
}

function review(random: SeededRandom): unknown {
  const kind = random.next() < 0.5 ? 'blog' : 'news';
  return random.next() < 0.3 ? { kind } : { kind, score: random.next() < 0.5 ? 1 : 0.5 };
}

export function hash(text: string): number {
  let value = 2_166_136_261;
  for (const char of text) value = Math.imul(value ^ char.charCodeAt(0), 16_777_619);
  return value >>> 0;
}

/** For every step that may call. @param unusual share of failures of other kinds. @default 0 */
export function anyMocks(definition: WorkflowDefinition, seed: number, unusual = 0): MockTable {
  const steps = createTree(definition).nodes.map(({ step }) => step);
  const reviewers = new Set(steps.flatMap((step) => (step.type === 'agent' && step.schema !== null ? [step.id] : [])));
  const answer = anyAnswer({ seed, unusual, reviewers });
  const called = steps.filter(({ type }) => type === 'agent' || type === 'http');
  return Object.fromEntries(called.map(({ id }) => [id, answer]));
}
