import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { createWorkflow, defineStepType, type Step, type Workflow } from '../../src/definition/index.ts';
import type { ErrorData } from '../../src/core/errors.ts';

const input = z.object({ topic: z.string(), depth: z.number().default(3) });
const agent = { type: 'agent', agentId: 'researcher', input: { prompt: 'Research {{workflow.input.topic}}' } } as const;

type StartOf<Flow> = Flow extends Workflow<infer Start> ? Start : never;
type OutputOf<Flow> =
  Flow extends Workflow<never, infer Output> ? Output : Flow extends Workflow<unknown, infer Output> ? Output : never;

describe('the input schema', () => {
  test('types what a run is started with and what steps see', () => {
    const flow = createWorkflow('flow', { input }).addStep('a', {
      type: 'transform',
      transform: (_data, context) => {
        expectTypeOf(context.workflow.input).toEqualTypeOf<{ topic: string; depth: number }>();
        return context.workflow.input.topic.length;
      },
    });
    expectTypeOf<StartOf<typeof flow>>().toEqualTypeOf<{ topic: string; depth?: number | undefined }>();
  });

  test('can be set later', () => {
    const flow = createWorkflow('flow').setInput(z.object({ n: z.number() }));
    expectTypeOf<StartOf<typeof flow>>().toEqualTypeOf<{ n: number }>();
  });

  test('without one, the input is unknown', () => {
    createWorkflow('flow').onWorkflowStart((given) => expectTypeOf(given).toBeUnknown());
  });
});

describe('each step makes its output known to the steps after it', () => {
  const flow = createWorkflow('flow', { input })
    .addStep('free', agent)
    .addStep('text', { ...agent, format: 'text' })
    .addStep('judge', { ...agent, schema: z.object({ score: z.number() }) })
    .addStep('maybe', { ...agent, format: 'text', condition: '{{steps.judge.output.score}} > 1' })
    .addStep('route', { type: 'conditional', condition: '{{steps.judge.output.score}} > 1', then: 'size', else: 'end' })
    .addStep('size', { type: 'transform', transform: async () => 42 })
    .addStep('fan', {
      type: 'parallel',
      steps: [
        { id: 'left', type: 'transform', transform: () => 'l' },
        { id: 'right-side', ...agent, schema: z.object({ ok: z.boolean() }) },
      ],
    })
    .addStep('group', {
      type: 'sequential',
      steps: [
        { id: 'first', type: 'transform', transform: () => 1 },
        { id: 'last', type: 'transform', transform: () => 'done' },
      ],
    })
    .addStep('each', {
      type: 'loop',
      items: '{{workflow.input.list}}',
      step: { type: 'transform', transform: () => true },
    })
    .addStep('pause', { type: 'wait', duration: '5s' })
    .addStep('call', { type: 'http', url: 'https://example.com' })
    .addStep('safe', { type: 'transform', transform: () => 1, onError: 'continue' })
    .addStep('fixed', { type: 'transform', transform: () => 1, onError: { output: 'none' } });

  test('outputs', () => {
    flow.addStep('check', {
      type: 'transform',
      transform: (_data, { steps }) => {
        expectTypeOf(steps.free.output).toBeUnknown();
        expectTypeOf(steps.text.output).toEqualTypeOf<string>();
        expectTypeOf(steps.judge.output).toEqualTypeOf<{ score: number }>();
        expectTypeOf(steps.maybe.output).toEqualTypeOf<string | undefined>();
        expectTypeOf(steps.route.output).toEqualTypeOf<string | null>();
        expectTypeOf(steps.size.output).toEqualTypeOf<number>();
        expectTypeOf(steps.fan.output.left).toEqualTypeOf<string>();
        expectTypeOf(steps.fan.output['right-side']).toEqualTypeOf<{ ok: boolean }>();
        expectTypeOf(steps.group.output).toEqualTypeOf<string>();
        expectTypeOf(steps.each.output).toEqualTypeOf<boolean[]>();
        expectTypeOf(steps.pause.output).toEqualTypeOf<null>();
        expectTypeOf(steps.call.output).toBeUnknown();
        expectTypeOf(steps.safe.output).toEqualTypeOf<number | null>();
        expectTypeOf(steps.fixed.output).toEqualTypeOf<number | 'none'>();
      },
    });
  });

  test('steps inside groups and branches are known by their ids too', () => {
    flow.onStepComplete('first', (_id, output) => expectTypeOf(output).toEqualTypeOf<number>());
    flow.onStepComplete('right-side', (_id, output) => expectTypeOf(output).toEqualTypeOf<{ ok: boolean }>());
  });

  test('of steps that wait for somebody, and of children', () => {
    const child = createWorkflow('child', { input: z.object({ n: z.number() }) })
      .addStep('a', { type: 'transform', transform: () => 1 })
      .setOutput({ n: '{{steps.a.output}}' });
    createWorkflow('flow')
      .addStep('approve', { type: 'human', title: 'Publish?', timeout: '1d', onTimeout: 'reject' })
      .addStep('score', { type: 'human', form: z.object({ score: z.number() }), assignees: ['kim'] })
      .addStep('late', { type: 'human', timeout: '1d', onTimeout: 'call' })
      .addStep('free', { type: 'human', form: { type: 'object' }, timeout: '1d', onTimeout: { goto: 'call' } })
      .addStep('call', { type: 'signal', match: '{{signal.payload.ok}}', onError: 'continue' })
      .addStep('child', { type: 'workflow', workflow: child, input: { n: 1 } })
      .addStep('named', { type: 'workflow', workflow: 'child' })
      .addStep('detached', { type: 'workflow', workflow: child, mode: 'detach' })
      .addStep('tell', { type: 'emit', name: 'done', payload: ({ steps }) => steps.score.output.score })
      .addStep('check', {
        type: 'transform',
        transform: (_data, { steps }) => {
          type By = { readonly by: string | null };
          expectTypeOf(steps.approve.output.decision).toEqualTypeOf<'approve' | 'reject'>();
          expectTypeOf(steps.approve.output.comment).toEqualTypeOf<string | undefined>();
          expectTypeOf(steps.approve.output.by).toEqualTypeOf<string | null>();
          expectTypeOf(steps.score.output).toEqualTypeOf<{ score: number } & By>();
          if (typeof steps.late.output !== 'string')
            expectTypeOf(steps.late.output.decision).toEqualTypeOf<'approve' | 'reject'>();
          expectTypeOf(steps.free.output).toEqualTypeOf<(Readonly<Record<string, unknown>> & By) | string>();
          expectTypeOf(steps.call.output).toBeUnknown();
          expectTypeOf(steps.child.output).toEqualTypeOf<{ n: number }>();
          expectTypeOf(steps.named.output).toBeUnknown();
          expectTypeOf(steps.detached.output).toEqualTypeOf<string>();
          expectTypeOf(steps.tell.output).toEqualTypeOf<null>();
        },
      });
  });

  test('compensations are known by their ids', () => {
    createWorkflow('flow')
      .addStep('book', {
        type: 'http',
        url: 'https://example.com',
        compensate: { id: 'unbook', type: 'transform', transform: () => 1 },
        concurrency: { key: '{{workflow.input.user}}', limit: 2 },
        rateLimit: { limit: 10, per: '1m' },
      })
      .addStep('shape', {
        type: 'transform',
        transform: () => 1,
        cache: { key: ['a', 1], ttl: '1h' },
        concurrency: 'one',
      })
      .onStepComplete('shape', (_id, output) => expectTypeOf(output).toEqualTypeOf<number>())
      .onStepComplete('unbook', (_id, output) => expectTypeOf(output).toEqualTypeOf<number>());
  });

  test('what a transform gets is what its input gives', () => {
    flow.addStep('a', {
      type: 'transform',
      input: '{{steps.judge.output}}',
      transform: (data) => expectTypeOf(data).toEqualTypeOf<{ score: number }>(),
    });
    flow.addStep('b', {
      type: 'transform',
      input: '{{steps.judge.output.score}}',
      transform: (data) => expectTypeOf(data).toEqualTypeOf<number>(),
    });
    flow.addStep('c', {
      type: 'transform',
      input: { topic: '{{workflow.input.topic}}', text: 'about {{workflow.input.topic}}', n: 3 },
      transform: (data) => expectTypeOf(data).toEqualTypeOf<{ topic: string; text: string; n: 3 }>(),
    });
    flow.addStep('d', {
      type: 'transform',
      input: '{{steps.free.output}}',
      transform: (data: { id: string }) => data.id,
    });
    flow.addStep('e', {
      type: 'transform',
      input: (context) => context.steps.judge.output.score,
      transform: (data) => expectTypeOf(data).toEqualTypeOf<number>(),
    });
  });

  test('handlers and conditions get the context', () => {
    flow
      .addStep('g', {
        type: 'conditional',
        condition: ({ steps }) => steps.judge.output.score > 0.8,
        then: 'end',
        else: 'free',
      })
      .onStepStart('judge', (id, context) => {
        expectTypeOf(id).toBeString();
        expectTypeOf(context.steps.text.output).toBeString();
      })
      .onStepComplete('judge', (_id, output) => expectTypeOf(output).toEqualTypeOf<{ score: number }>())
      .onStepComplete('*', (_id, output) => expectTypeOf(output).toBeUnknown())
      .onStepError('fa*', (_id, error) => expectTypeOf(error).toEqualTypeOf<ErrorData>());
  });
});

describe('the output of a run', () => {
  const flow = createWorkflow('flow', { input }).addStep('judge', {
    ...agent,
    schema: z.object({ score: z.number() }),
  });

  test('is what setOutput gives', () => {
    const single = flow.setOutput('{{steps.judge.output.score}}');
    expectTypeOf<OutputOf<typeof single>>().toEqualTypeOf<number>();
    const object = flow.setOutput({ score: '{{steps.judge.output.score}}', title: 'On {{workflow.input.topic}}' });
    expectTypeOf<OutputOf<typeof object>>().toEqualTypeOf<{ score: number; title: string }>();
    const computed = flow.setOutput(async ({ steps }) => [steps.judge.output.score]);
    expectTypeOf<OutputOf<typeof computed>>().toEqualTypeOf<number[]>();
    const fallback = flow.setOutput('{{steps.judge.output}} || {{workflow.input}}');
    expectTypeOf<OutputOf<typeof fallback>>().toBeUnknown();
  });
});

describe('state', () => {
  test('is typed by its initial value or schema', () => {
    createWorkflow('flow')
      .setState({ count: 0, notes: [] as string[] })
      .onStepStart('*', (_id, context) => expectTypeOf(context.state.count).toBeNumber());
    createWorkflow('flow')
      .setState(z.object({ tries: z.number().default(0) }))
      .onStepStart('*', (_id, context) => expectTypeOf(context.state.tries).toBeNumber());
  });
});

describe('step types of your own', () => {
  const slack = defineStepType({
    type: 'slack',
    schema: z.object({ channel: z.string(), retries: z.number().default(1) }),
    run: (config, context) => {
      expectTypeOf(config).toEqualTypeOf<{ channel: string; retries: number }>();
      expectTypeOf(context.attempt).toBeNumber();
      return { sent: true };
    },
  });

  test('are known to the builder with their fields and output', () => {
    createWorkflow('flow', { stepTypes: [slack] })
      .addStep('post', { type: 'slack', channel: '#news' })
      .addStep('post-2', { type: 'slack', channel: '{{workflow.input.channel}}', retries: '{{workflow.input.n}}' })
      .onStepComplete('post', (_id, output) => expectTypeOf(output).toEqualTypeOf<{ sent: boolean }>());
    // @ts-expect-error a field has another type
    createWorkflow('flow', { stepTypes: [slack] }).addStep('post', { type: 'slack', channel: 5 });
    // @ts-expect-error the type was not passed
    createWorkflow('flow').addStep('post', { type: 'slack', channel: '#news' });
  });
});

describe('wrong code does not compile', () => {
  const flow = createWorkflow('flow', { input }).addStep('a', agent);

  test('steps', () => {
    expect(flow.name).toBe('flow');
    // @ts-expect-error unknown type
    flow.addStep('b', { type: 'agnet', agentId: 'x' });
    // @ts-expect-error a required field is missing
    flow.addStep('b', { type: 'agent', input: { prompt: 'x' } });
    // @ts-expect-error a field is misspelt
    flow.addStep('b', { ...agent, tiemout: 5 });
    // @ts-expect-error a field belongs to another type
    flow.addStep('b', { type: 'wait', duration: 5, url: 'https://example.com' });
    // @ts-expect-error a step is there already
    flow.addStep('a', agent);
    // @ts-expect-error a wrong value
    flow.addStep('b', { ...agent, action: 'call' });
    // @ts-expect-error neither number nor text
    flow.addStep('b', { ...agent, timeout: true });
    // @ts-expect-error no step of this name
    flow.addStep('b', { type: 'conditional', condition: ({ steps }) => steps.ghost.output, then: 'a' });
    // @ts-expect-error no such field of the input
    flow.addStep('b', { type: 'transform', transform: (_data, { workflow }) => workflow.input.tpoic });
    // @ts-expect-error a loop over items has no while
    flow.addStep('b', { type: 'loop', items: '{{workflow.input.list}}', while: 'true', step: agent });
    // @ts-expect-error an inner step needs an id
    flow.addStep('b', { type: 'sequential', steps: [agent] });
    // @ts-expect-error transform and template
    flow.addStep('b', { type: 'transform', template: 1, transform: () => 1 });
    // @ts-expect-error a wait has no attempts
    flow.addStep('b', { type: 'human', retry: { maxAttempts: 2 } });
    // @ts-expect-error no workflow
    flow.addStep('b', { type: 'workflow', workflow: { name: 'child' } });
    // @ts-expect-error an event needs a name
    flow.addStep('b', { type: 'emit', payload: 1 });
    // @ts-expect-error a match is a text
    flow.addStep('b', { type: 'signal', match: () => true });
    // @ts-expect-error a compensation does something
    flow.addStep('b', { ...agent, compensate: { type: 'wait', duration: 5 } });
    // @ts-expect-error nothing follows a compensation
    flow.addStep('b', { ...agent, compensate: { ...agent, onError: 'continue' } });
    // @ts-expect-error a group has nothing to undo
    flow.addStep('b', { type: 'sequential', steps: [{ id: 'c', ...agent }], compensate: agent });
    // @ts-expect-error a child is not cached
    flow.addStep('b', { type: 'workflow', workflow: 'child', cache: '1h' });
    // @ts-expect-error a rate has a time
    flow.addStep('b', { ...agent, rateLimit: { limit: 5 } });
    // @ts-expect-error a date is no plain data
    flow.addStep('b', { ...agent, input: { prompt: 'x', at: new Date() } });
  });

  test('handlers and settings', () => {
    expect(flow.name).toBe('flow');
    // @ts-expect-error no step of this name
    flow.onStepStart('ghost', () => undefined);
    // @ts-expect-error the handler is no function
    flow.onStepComplete('a', 'log');
    // @ts-expect-error neither error nor empty
    flow.setTemplates({ missing: 'ignore' });
    // @ts-expect-error a version is a text
    flow.setVersion(2);
  });
});

describe('ids that are made while the program runs', () => {
  test('are allowed', () => {
    const names: string[] = ['a', 'b'];
    const flow = createWorkflow('flow');
    for (const name of names) flow.addStep(`step-${name}`, agent);
    expectTypeOf(flow.definition.steps).toEqualTypeOf<readonly Step[]>();
  });
});

describe('while and until loops', () => {
  test('give a list of what each round gave', () => {
    createWorkflow('flow')
      .addStep('again', {
        type: 'loop',
        until: ({ loop }) => loop?.index === 3,
        steps: [{ id: 'body', type: 'transform', transform: () => 1 }],
      })
      .onStepComplete('again', (_id, output) => expectTypeOf(output).toEqualTypeOf<number[]>())
      .onStepComplete('body', (_id, output) => expectTypeOf(output).toEqualTypeOf<number>());
  });
});
