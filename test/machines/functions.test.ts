/** Functions of the author in every place that takes them, and step types of their own. */
import { createActor } from 'xstate';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createWorkflow, defineStepType } from '../../src/definition/index.ts';
import type { StepContext } from '../../src/definition/step-context.ts';
import { toMachine } from '../../src/engine/to-machine.ts';
import type { RunContext } from '../../machines/context.ts';
import { restoreState } from '../../machines/persist.ts';
import { stepInfo } from '../../machines/program.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import { kernelOf } from '../../machines/kernel-of.ts';
import { bothWays } from '../support/both-ways.ts';
import { agent, flow } from '../support/flow.ts';
import { fails, replies, type MockCall } from '../support/mocks.ts';

const shout = defineStepType({
  type: 'shout',
  schema: z.object({ text: z.string(), times: z.number().default(1) }),
  run: async ({ text, times }, context) =>
    Promise.resolve(`${text.toUpperCase().repeat(times)} ${context.stepId ?? ''}`),
});

describe('steps of a type of the author', () => {
  const shouting = (step: { readonly text: string; readonly times?: number }) => () =>
    createWorkflow('shouting', { stepTypes: [shout] })
      .addStep('a', { type: 'agent', agentId: 'any', input: { prompt: 'x' } })
      .addStep('s', { type: 'shout', ...step })
      .build();
  bothWays([
    {
      name: 'get their fields filled in, and defaults',
      flow: shouting({ text: 'hello {{steps.a.output}}' }),
      output: 'HELLO A s',
    },
    { name: 'constants', flow: shouting({ text: 'no', times: 2 }), output: 'NONO s' },
    {
      name: 'fields that do not fit fail the step, for good',
      flow: shouting({ text: '{{steps.a.output}}' }),
      mocks: { a: { not: 'a text' } },
      status: 'failed',
      error: { code: 'INPUT_INVALID' },
    },
  ]);
});

describe('the context of a function', () => {
  const seen =
    (read: (context: StepContext) => unknown, more: object = {}) =>
    () =>
      flow({
        state: { n: [1] },
        steps: [
          agent('a', { output: 'first' }),
          agent('skipped', { condition: 'false' }),
          agent('failed', { onError: 'continue' }),
          { id: 'r', type: 'conditional', condition: 'true', then: 't', output: 'way' },
          {
            id: 't',
            type: 'transform',
            input: { a: '{{steps.a.output}}' },
            transform: (_: unknown, context: StepContext) => read(context),
            ...more,
          },
          agent('later'),
        ],
        output: '{{steps.t.output}}',
      });
  const mocks = { a: { list: [1, 2] }, failed: fails('broken') };
  bothWays([
    {
      name: 'views of steps',
      flow: seen(({ steps }) =>
        ['a', 'skipped', 'failed', 'r', 'later'].map((id) => [
          steps[id]?.status,
          steps[id]?.attempts,
          steps[id]?.branch,
          steps[id]?.error?.message ?? null,
          steps[id]?.output ?? null,
        ]),
      ),
      mocks,
      output: [
        ['completed', 1, null, null, { list: [1, 2] }],
        ['skipped', 0, null, null, null],
        ['failed', 1, null, 'broken', null],
        ['completed', 1, 'then', null, 't'],
        ['pending', 0, null, null, null],
      ],
    },
    {
      name: 'metadata is there, and an object',
      flow: seen(({ steps }) => [steps['a']?.metadata, steps['later']?.metadata]),
      mocks,
      output: [{}, {}],
    },
    {
      name: 'lists of names',
      flow: seen(({ steps, vars }) => [
        Object.keys(steps),
        Object.keys(vars),
        'a' in steps,
        'x' in steps,
        JSON.parse(JSON.stringify(vars)),
      ]),
      mocks,
      output: [
        ['a', 'skipped', 'failed', 'r', 't', 'later'],
        ['first', 'way'],
        true,
        false,
        { first: { list: [1, 2] }, way: 'then' },
      ],
    },
    {
      name: 'the workflow',
      flow: seen(({ workflow }) => [
        workflow.name,
        workflow.version,
        workflow.error,
        workflow.input,
        Date.parse(workflow.startedAt) >= 0,
      ]),
      input: { x: 1 },
      mocks,
      output: ['test', '1', null, { x: 1 }, true],
    },
    {
      name: 'the input of the step',
      flow: seen(({ input, stepId, attempt, loop }) => [input, stepId, attempt, loop]),
      mocks,
      output: [{ a: { list: [1, 2] } }, 't', 1, null],
    },
    {
      name: 'outputs and the state cannot be changed',
      flow: seen(({ steps, state }) => {
        const attempts = [
          () => (steps['a'] as unknown as { readonly output: { readonly list: number[] } }).output.list.push(3),
          () => ((state as Record<string, unknown>)['n'] = 2),
          () => ((steps as Record<string, unknown>)['a'] = 2),
          () => delete (steps as Record<string, unknown>)['a'],
        ];
        return attempts.map((attempt) => {
          try {
            attempt();
            return 'changed';
          } catch (error) {
            return (error as Error).name;
          }
        });
      }),
      mocks,
      output: ['TypeError', 'TypeError', 'TypeError', 'TypeError'],
    },
    {
      name: 'what a transform is given is its own to change',
      flow: () =>
        flow({
          steps: [
            agent('a'),
            {
              id: 't',
              type: 'transform',
              input: '{{steps.a.output}}',
              transform: (data: { list: number[] }) => (data.list.push(3), data),
            },
          ],
          output: ['{{steps.a.output}}', '{{steps.t.output}}'],
        }),
      mocks,
      output: [{ list: [1, 2] }, { list: [1, 2, 3] }],
    },
    {
      name: 'a transform without input gets undefined; one that gives nothing gives null',
      flow: () =>
        flow({
          steps: [
            { id: 't', type: 'transform', transform: (data: unknown) => (data === undefined ? undefined : 'data') },
          ],
          output: { t: '{{steps.t.output}}' },
        }),
      output: { t: null },
    },
    {
      name: 'a template in place of a function',
      flow: flow({
        steps: [
          agent('a'),
          {
            id: 't',
            type: 'transform',
            template: { all: '{{steps.a.output}}', none: '{{steps.a.output.x}}', text: 'n={{steps.a.output.list.0}}' },
          },
        ],
      }),
      mocks,
      output: { all: { list: [1, 2] }, text: 'n=1' },
    },
    {
      name: 'functions give the input of an agent, the items of a loop, the value of a switch, the body of a request',
      flow: () =>
        flow({
          steps: [
            agent('a', {
              input: (context: StepContext) => ({
                prompt: `about ${(context.workflow.input as { readonly q: string }).q}`,
              }),
            }),
            {
              id: 'l',
              type: 'loop',
              items: async ({ steps }: StepContext) => Promise.resolve([steps['a']?.output, 2]),
              step: agent('i', { input: { prompt: '{{loop.item}}' } }),
            },
            {
              id: 's',
              type: 'switch',
              value: ({ steps }: StepContext) => String((steps['l']?.output as readonly unknown[] | undefined)?.length),
              cases: { 2: 'h' },
            },
            {
              id: 'h',
              type: 'http',
              method: 'POST',
              url: 'https://x.test/',
              body: ({ steps }: StepContext) => ({ of: steps['l']?.output }),
            },
          ],
        }),
      input: { q: 'tides' },
      mocks: {
        a: ({ input }: MockCall) => (input as { readonly prompt: string }).prompt,
        i: ({ input }: MockCall) => (input as { readonly prompt: unknown }).prompt,
        h: ({ input }: MockCall) => (input as { readonly body: unknown }).body,
      },
      output: { of: ['about tides', 2] },
    },
  ]);
});

describe('plain machines', () => {
  test('without an actor for agents the step fails and says what to provide', async () => {
    const actor = createActor(toMachine(flow({ steps: [agent('a')] })), { input: {} });
    actor.start();
    await new Promise((resolve) => setImmediate(resolve));
    const snapshot = actor.getSnapshot();
    expect(snapshot.value).toBe('$failed');
    expect((snapshot.context as RunContext).error).toMatchObject({
      code: 'EFFECT_UNKNOWN',
      message: expect.stringContaining('machine.provide') as unknown,
    });
  });

  test('without input they wait for the event that starts them', async () => {
    const actor = createActor(
      toMachine(flow({ steps: [{ id: 't', type: 'transform', template: '{{workflow.input.x}} {{workflow.runId}}' }] })),
    );
    actor.start();
    expect(actor.getSnapshot().value).toBe('$boot');
    actor.send({ type: 'run.started', input: { x: 7 }, runId: 'mine' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(actor.getSnapshot().output).toBe('7 mine');
  });

  test('every step is a state under its own id; states of our own begin with $', () => {
    const { config } = toMachine(flow({ steps: [{ id: 'g', type: 'sequential', steps: [agent('a')] }, agent('b')] }));
    const main = (config.states as unknown as Record<string, { readonly states: Record<string, unknown> }>)['$main'];
    expect(Object.keys(main?.states ?? {})).toEqual(['g', 'b']);
    expect(Object.keys(config.states ?? {}).every((name) => name.startsWith('$'))).toBe(true);
  });

  test('a machine is compiled once for a definition', () => {
    const definition = flow({ steps: [agent('a')] });
    expect(compileWorkflow(definition)).toBe(compileWorkflow(definition));
    expect(toMachine(definition)).toBe(compileWorkflow(definition).machine);
  });
});

describe('bugs are told from failures', () => {
  const definition = flow({ steps: [agent('a', { condition: '{{workflow.input.x}} > 1' }), agent('b')] });
  const { program } = compileWorkflow(definition);

  test('a step that is not there', () => {
    expect(() => stepInfo(program, 99)).toThrow(RangeError);
  });

  test('a checkpoint that does not fit the machine is refused', () => {
    const kernel = kernelOf(compileWorkflow(definition));
    const base = { value: '$boot', status: 'active', context: { steps: [] }, effects: [], timers: [] };
    expect(restoreState(kernel, program, JSON.stringify(base), 1, null).snapshot.value).toBe('$boot');
    const other = JSON.stringify({ ...base, value: { $main: { c: '$running' } } });
    expect(() => restoreState(kernel, program, other, 1, null)).toThrow();
    const effect = {
      id: 'a',
      src: 'agent',
      input: { effect: 'a', step: 0, kind: 'work', visit: 7, attempt: 1 },
      seq: 1,
    };
    expect(() => restoreState(kernel, program, JSON.stringify({ ...base, effects: [effect] }), 1, null)).toThrow(
      "effect 'a' of the checkpoint",
    );
  });
});

describe('outputs that are replaced many times', () => {
  bothWays([
    {
      name: 'a reference stays a reference through groups, recoveries and fallbacks',
      flow: flow({
        steps: [
          agent('big'),
          { id: 'g', type: 'sequential', steps: [agent('x', { onError: { output: '{{steps.big.output}}' } })] },
          agent('y', { condition: '{{steps.g.output.list.1}} === 2 && {{steps.g.output.text.length}} > 300' }),
        ],
        output: { g: '{{steps.g.output}}', same: '{{steps.x.error}} || {{steps.big.output}}' },
      }),
      mocks: { big: { list: [1, 2], text: 'x'.repeat(400) }, x: replies(fails()) },
      output: { g: { list: [1, 2], text: 'x'.repeat(400) }, same: { list: [1, 2], text: 'x'.repeat(400) } },
      statuses: { y: 'completed' },
    },
  ]);
});
