import { describe, expect, test } from 'vitest';
import { createWorkflow, type WorkflowDefinition } from '../../src/definition/index.ts';
import { describeWorkflow, testPaths, type PathTests } from '../../src/testing/index.ts';
import { contentGenerationPipeline, researchAndSummarize } from '../definition/design-examples.js';
import { agent, flow } from '../support/flow.ts';

const names = ({ results }: PathTests): readonly string[] => results.map(({ path }) => path.name);
const otherwise = ({ results }: PathTests): readonly string[] =>
  results.filter(({ status }) => status !== 'passed').map(({ path, problem }) => `${path.name}: ${problem ?? ''}`);

describe('paths', () => {
  test('of attempts, answers, routers, loops and cancels run on the engine and are told by name', async () => {
    const tests = await testPaths(
      flow({
        onStepComplete: { x: () => undefined },
        onStepError: { y: () => undefined },
        steps: [
          agent('a', { retry: { maxAttempts: 5 } }),
          { id: 'c', type: 'conditional', condition: '{{steps.a.output.score}} > 0.8', then: 'x', else: 'y' },
          agent('x'),
          agent('y'),
          { id: 'h', type: 'human', title: 'Go?', timeout: '1d', onTimeout: 'reject' },
          { id: 'l', type: 'loop', items: '{{workflow.input.list}}', step: agent('z') },
          { id: 'u', type: 'loop', until: '{{steps.v.output.ok}} === true', steps: [agent('v')] },
        ],
      }),
    );
    expect(otherwise(tests)).toEqual([]);
    expect(tests.coverage.missed).toEqual([]);
    expect(names(tests)).toContain('a fails 3 times');
    expect(names(tests).some((name) => name.includes('y: onStepError mends it'))).toBe(true);
    expect(names(tests).some((name) => name.includes('h: approve'))).toBe(true);
    expect(names(tests).some((name) => name.includes('h times out'))).toBe(true);
    expect(names(tests).some((name) => name.includes('l has no items'))).toBe(true);
    expect(names(tests)).toContain('cancel in a');
    expect(names(tests).filter((name) => /^a fails( 2 times)?, then c takes/.test(name))).not.toEqual([]);
  });

  test('of branches, timeouts, sagas, handlers, signals, state and waits', async () => {
    const undo = (id: string): Record<string, unknown> => ({ compensate: { id, type: 'transform', template: 1 } });
    const tests = await testPaths(
      flow({
        state: { n: 0 },
        steps: [
          agent('a', undo('undo-a')),
          {
            id: 'p',
            type: 'parallel',
            steps: [
              agent('one', { assign: { n: { expr: '{{state.n}} + 1' } } }),
              agent('two', { onError: 'continue' }),
            ],
          },
          { id: 's', type: 'signal', name: 'go' },
          {
            id: 'w',
            type: 'wait',
            condition: '{{steps.poll.output.busy}} === true',
            poll: agent('poll'),
            pollInterval: '1m',
            maxWait: '1h',
          },
          agent('b', { condition: '{{state.n}} > 0', ...undo('undo-b') }),
          { id: 't', type: 'wait', duration: '1d' },
        ],
        onFailure: [agent('sorry')],
      }),
    );
    expect(otherwise(tests)).toEqual([]);
    expect(tests.coverage.missed).toEqual([]);
  });

  test('a workflow that goes otherwise fails, with what happened', async () => {
    const definition: WorkflowDefinition = flow({
      input: { type: 'object', properties: { n: { type: 'number' } } },
      steps: [agent('a'), { id: 't', type: 'transform', template: 'It is {{steps.a.output.text}}' }],
    });
    const tests = await testPaths(definition, { outputs: { a: 'no text in it' } });
    const failed = tests.results.filter(({ status }) => status === 'failed');
    expect(failed.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(
        /the run is failed, expected completed: the template reads 'steps\.a\.output\.text', which has no value here/,
      ),
    ]);
  });

  test('a run that ends before says why', async () => {
    const definition: WorkflowDefinition = flow({
      steps: [
        agent('a', { condition: '{{workflow.input.a}} === true' }),
        { id: 'tell', type: 'emit', name: 'x', payload: { text: 'It is {{steps.a.output}}' } },
        agent('b'),
      ],
    });
    const problems = new Set((await testPaths(definition)).results.flatMap(({ problem }) => problem ?? []));
    expect([...problems]).toContain(
      "the run failed before 'b fails', at step 'tell': text: the template reads 'steps.a.output', which has no value here",
    );
  });

  test('what would be sent is rendered: what cannot be fails the path', async () => {
    const flowWith = (more: Record<string, unknown>): WorkflowDefinition =>
      flow({
        steps: [
          agent('a', { condition: '{{workflow.input.a}} === true' }),
          { id: 'b', type: 'agent', agentId: 'any', input: { prompt: 'Hello' }, ...more },
        ],
      });
    const problems = async (more: Record<string, unknown>): Promise<readonly string[]> => [
      ...new Set((await testPaths(flowWith(more))).results.flatMap(({ problem }) => problem ?? [])),
    ];
    expect(await problems({ input: { prompt: 'About {{steps.a.output}}' } })).toEqual([
      "step 'b' cannot be rendered: prompt: the template reads 'steps.a.output', which has no value here",
    ]);
    expect(await problems({ input: { prompt: '{{steps.a.output}}' } })).toEqual([
      expect.stringContaining("step 'b' cannot be rendered"),
    ]);
    expect(await problems({ input: { prompt: '{{steps.a.output}} || "nothing"' } })).toEqual([]);
    const http = { type: 'http', agentId: undefined, input: undefined };
    expect(await problems({ ...http, url: 'https://example.com/{{steps.a.output}}' })).toHaveLength(1);
    expect(await problems({ ...http, url: 'https://example.com/', body: { a: 'A {{steps.a.output}}' } })).toHaveLength(
      1,
    );
  });

  test('what people are asked is rendered as well', async () => {
    const tests = await testPaths(
      flow({
        steps: [
          agent('a', { condition: '{{workflow.input.a}} === true' }),
          { id: 'h', type: 'human', title: 'Publish?', message: 'It says {{steps.a.output}}' },
        ],
      }),
    );
    const problems = new Set(tests.results.flatMap(({ problem }) => problem ?? []));
    expect([...problems]).toEqual([
      "step 'h' cannot be rendered: message: the template reads 'steps.a.output', which has no value here",
    ]);
  });

  test('what a test led elsewhere than it meant to is no failure, and is said', async () => {
    const { results } = await testPaths(
      flow({
        steps: [{ id: 's', type: 'signal', name: 'go', match: '{{signal.payload.n}} * 7 % 13 === 5.25' }, agent('a')],
      }),
    );
    expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(results.some(({ problem }) => problem?.startsWith('what the test made led elsewhere') ?? false)).toBe(true);
  });

  test('data is made for what templates read: inputs, answers, items, signals, secrets, addresses', async () => {
    const tests = await testPaths(
      flow({
        steps: [
          agent('a', { input: { prompt: 'About {{workflow.input.topic.name}}' }, output: 'answer' }),
          {
            id: 'l',
            type: 'loop',
            items: '{{workflow.input.list}}',
            as: 'each',
            step: agent('z', {
              input: { prompt: 'Of {{loop.item.title}} and {{each.name}}: {{vars.answer.summary}}' },
            }),
          },
          { id: 's', type: 'signal', name: 'go' },
          { id: 'call', type: 'http', url: '{{steps.s.output.link}}', headers: { key: '{{env.KEY}}' } },
          { id: 'known', type: 'http', url: 'https://example.com/{{env.PLACE}}/{{steps.a.metadata.model}}' },
          { id: 't', type: 'transform', template: 'Is {{steps.call.output.text.length}} long' },
          { id: 'sub', type: 'workflow', workflow: 'other', input: { n: 'N {{steps.known.output.n}}' } },
        ],
        output: 'It is {{steps.sub.output.done}}',
      }),
    );
    expect(otherwise(tests)).toEqual([]);
  });

  test('what no data leads to is said, and counts as no failure', async () => {
    const odd = '{{steps.a.output.n}} * 7 % 13 === 5.25';
    const { results } = await testPaths(
      flow({ steps: [agent('a'), { id: 'x', type: 'transform', template: 1, condition: odd }] }),
    );
    expect(results.filter(({ status }) => status === 'unreachable').length).toBeGreaterThan(0);
    expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
  });
});

describe('the examples of the design', () => {
  const stub = (id: string) => ({ type: 'agent', agentId: id, input: { prompt: 'Go' } }) as const;
  const content = contentGenerationPipeline(createWorkflow).addStep('publish-email', stub('e')).build();
  const research = ['research-path', 'analysis-path', 'summary-path', 'default-path']
    .reduce((builder, id) => builder.addStep(id, stub(id)), researchAndSummarize(createWorkflow))
    .build();

  test.each([content, research])('every transition is taken', async (definition) => {
    const tests = await testPaths(definition);
    expect(otherwise(tests)).toEqual([]);
    expect(tests.coverage.missed).toEqual([]);
    expect(tests.coverage.transitions.seen).toBe(tests.coverage.transitions.all);
    expect(tests.coverage.states.seen).toBe(tests.coverage.states.all);
  });
});

describe('describeWorkflow', () => {
  test('makes a test for every path, with what the author expects of it', async () => {
    const made: { readonly name: string; readonly run: () => Promise<void> }[] = [];
    const ends: string[] = [];
    const titles: string[] = [];
    describeWorkflow(flow({ name: 'mine', steps: [agent('a')] }), {
      describe: (name, define) => {
        titles.push(name);
        define();
      },
      test: (name, run) => made.push({ name, run }),
      outputs: { a: 'hello' },
      expect: ({ status, output }) => void ends.push(`${status} ${String(output)}`),
    });
    for (const { run } of made) await run();
    expect(titles).toEqual(['every path of mine']);
    expect(made.map(({ name }) => name).toSorted()).toEqual([
      'a fails',
      'a times out',
      'all goes well: completed',
      'cancel in a',
    ]);
    expect(ends).toContain('completed hello');
  });

  test('says what it needs where the runner has no globals', () => {
    expect(() => {
      describeWorkflow(flow({ steps: [agent('a')] }));
    }).toThrow('describeWorkflow needs the runner');
  });
});
