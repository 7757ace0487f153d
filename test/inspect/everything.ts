/** Definitions to draw: every construct once, and sizes. */
import type { WorkflowDefinition } from '../../src/definition/index.ts';
import { agent, flow, type LooseStep } from '../support/flow.ts';

const say = (id: string, more: object = {}): LooseStep => ({ id, type: 'transform', template: 'x', ...more });

export function everything(): WorkflowDefinition {
  return flow({
    name: 'everything',
    description: 'Every construct of the language',
    steps: [
      {
        id: 'fetch',
        type: 'http',
        method: 'GET',
        url: 'https://api.example.com/items/{{workflow.input.id}}',
        retry: { maxAttempts: 4, backoff: 'exponential', delay: 500 },
        timeout: '30s',
        totalTimeout: '2m',
      },
      {
        id: 'classify',
        type: 'switch',
        value: '{{steps.fetch.output.kind}}',
        cases: { order: 'handle', refund: 'ask', spam: 'end' },
        default: 'note',
      },
      {
        id: 'handle',
        type: 'sequential',
        retry: { maxAttempts: 2 },
        steps: [
          agent('reserve', { compensate: { type: 'agent', agentId: 'any', input: { prompt: 'release' } } }),
          agent('charge', { onError: { id: 'charge-later', type: 'emit', name: 'charge.failed' } }),
          { id: 'enough', type: 'conditional', condition: '{{steps.reserve.output}} === 0', then: 'end' },
          {
            id: 'deliver',
            type: 'parallel',
            maxConcurrency: 2,
            failFast: true,
            steps: [
              say('pack'),
              say('label', { condition: '{{workflow.input.label}} === true' }),
              { id: 'send', type: 'workflow', workflow: 'shipping', mode: 'detach' },
            ],
          },
        ],
      },
      { id: 'ask', type: 'human', title: 'Refund {{workflow.input.id}}?', timeout: '2d', onTimeout: { goto: 'note' } },
      say('note'),
      {
        id: 'each',
        type: 'loop',
        items: '{{steps.fetch.output.items}}',
        parallel: 3,
        onItemError: 'collect',
        steps: [
          say('look'),
          { id: 'good', type: 'conditional', condition: '{{loop.item}} > 1', then: 'keep', else: 'continue' },
          say('keep'),
        ],
      },
      {
        id: 'improve',
        type: 'loop',
        until: '{{steps.review.output.score}} > 0.9',
        maxIterations: 5,
        steps: [
          agent('write'),
          agent('review'),
          { id: 'hopeless', type: 'conditional', condition: '{{steps.review.output.score}} < 0.1', then: 'break' },
        ],
      },
      {
        id: 'pause',
        type: 'wait',
        condition: '{{steps.ready.output}} !== true',
        pollInterval: '5s',
        maxWait: '1h',
        poll: { id: 'ready', type: 'http', url: 'https://api.example.com/ready' },
      },
      { id: 'go', type: 'signal', name: 'approved', timeout: '1d', onError: 'continue' },
      { id: 'again', type: 'conditional', condition: '{{steps.go.output.again}} === true', then: 'fetch' },
    ],
    onFailure: [agent('tell')],
  });
}

/** A plain sequence with parallel steps and decisions in between. */
export function sized(count: number): WorkflowDefinition {
  const steps: LooseStep[] = [];
  const ids = Array.from({ length: count }, (_, index) => `s${index + 1}`);
  const next = (): string => ids.shift() as string;
  while (ids.length > 0) {
    const place = (count - ids.length) % 10;
    if (place === 3 && ids.length >= 4)
      steps.push({ id: next(), type: 'parallel', steps: [agent(next()), agent(next()), agent(next())] });
    else if (place === 8 && ids.length >= 3) {
      const [router, then, other] = [next(), next(), next()];
      steps.push({ id: router, type: 'conditional', condition: '{{workflow.input.n}} > 1', then, else: other });
      steps.push(say(then), say(other));
    } else steps.push(say(next()));
  }
  return flow({ name: `of-${count}`, steps });
}

/** Text that is markup, syntax or a directive in one of the formats. */
export const hostileTexts: readonly string[] = [
  '"]; click n0 href "javascript:alert(1)"',
  '<script>alert(1)</script><img src=x onerror=alert(1)>',
  '%%{init: {"securityLevel": "loose"}}%%',
  "a' onload='x' b=\"y\" & ]]> --> <!--",
  'end\nsubgraph x\n  evil --> n1',
  '\\"]; evil -> n0 [label=<<b>x</b>>]; "\\N\\G',
  '#quot;#35;&quot;{{{x}}}|pipe|`tick`',
  '\u0000\u0008\u001b[31m\uFFFE\u202Eabc',
  '中文字符 العربية 😀'.repeat(8),
];

export function hostile(text: string): WorkflowDefinition {
  return flow({
    name: 'hostile',
    title: text,
    description: text,
    steps: [
      {
        id: 'a',
        type: 'agent',
        agentId: text.replaceAll(/[{}]/g, ''),
        input: { prompt: 'x' },
        metadata: { description: text },
      },
      { id: 'r', type: 'switch', value: '{{steps.a.output}}', cases: { [text]: 'b' }, default: 'end' },
      { id: 'b', type: 'human', title: text.replaceAll(/[{}]/g, '') },
    ],
  });
}
