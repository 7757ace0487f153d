import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { z } from 'zod';
import {
  createWorkflow,
  definitionFromCanonical,
  defineStepType,
  parseDefinition,
  type WorkflowDefinition,
} from '../../src/definition/index.ts';
import { anyWorkflow, everyWorkflow } from './any-workflow.ts';
import { readData } from './read-data.ts';

/** What of a definition can be compared: data; of functions their places. Lists of paths follow the order of keys, which says nothing. */
function comparable(value: unknown): unknown {
  const text = JSON.stringify(value, (key, member: unknown) => {
    if (key === 'fingerprint' || (key === 'call' && (member === null || typeof member === 'function')))
      return undefined;
    return (key === 'paths' || key === 'places') && Array.isArray(member)
      ? member.map((each) => JSON.stringify(each)).toSorted()
      : member;
  });
  return JSON.parse(text) as unknown;
}

function withCode(): WorkflowDefinition {
  const slack = defineStepType({ type: 'slack', schema: z.object({ channel: z.string() }), run: () => 1 });
  return createWorkflow('wf', {
    input: z.object({ topic: z.string(), at: z.date().optional() }),
    version: '3',
    stepTypes: [slack],
  })
    .setId('550e8400-e29b-41d4-a716-446655440000')
    .setTitle('A title')
    .setState(z.object({ n: z.number().default(4) }))
    .setTemplates({ missing: 'empty' })
    .setTimeout('1h')
    .addStep('ask', {
      type: 'agent',
      agentId: 'x',
      input: ({ workflow }) => ({ prompt: workflow.input.topic }),
      schema: z.object({ score: z.number() }),
      repair: 1,
    })
    .addStep('post', { type: 'slack', channel: '#{{workflow.input.topic}}' })
    .addStep('route', {
      type: 'conditional',
      condition: ({ steps }) => steps.ask.output.score > 1,
      then: { type: 'transform', transform: () => 1 },
      else: 'end',
    })
    .addStep('pick', { type: 'switch', value: () => 'a', cases: { b: 'end', a: 'end' } })
    .addStep('shape', { type: 'transform', input: () => 1, transform: (data) => data })
    .addStep('send', { type: 'http', url: 'https://a.example', body: () => ({}) })
    .addStep('poll', { type: 'wait', condition: () => false, poll: { type: 'transform', transform: () => 1 } })
    .addStep('each', {
      type: 'loop',
      items: () => [1],
      step: { type: 'transform', transform: () => 1, condition: () => true },
    })
    .addStep('again', { type: 'loop', until: () => true, step: { type: 'transform', transform: () => 1 } })
    .addStep('paid', { type: 'signal', match: '{{signal.payload.topic}} === {{workflow.input.topic}}', timeout: '1d' })
    .addStep('review', { type: 'human', title: 'Review', form: z.object({ score: z.number() }) })
    .addStep('child', { type: 'workflow', workflow: createWorkflow('child'), input: () => 1 })
    .addStep('tell', { type: 'emit', name: 'done', payload: () => 1 })
    .onStepStart('*', () => undefined)
    .onWorkflowComplete(() => undefined)
    .onStepError('ask', () => undefined)
    .onFailure([{ id: 'report', type: 'transform', transform: () => 1 }])
    .setOutput(() => 1)
    .build();
}

describe('the canonical form', () => {
  test('gives the same definition and hash when it is read, functions without code', () => {
    const definition = withCode();
    const read = definitionFromCanonical(definition.canonical);
    expect(read.hash).toBe(definition.hash);
    expect(read.canonical).toBe(definition.canonical);
    expect(comparable({ ...read, warnings: [] })).toEqual(comparable({ ...definition, warnings: [] }));
    expect(read.output).toEqual({ kind: 'function', place: 'output', call: null, fingerprint: null });
  });

  test('names functions by their places', () => {
    const places = [...withCode().canonical.matchAll(/"\$function":"([^"]+)"/g)].map(([, place]) => place);
    expect(new Set(places)).toEqual(
      new Set([
        'handlers[0]',
        'handlers[1]',
        'handlers[2]',
        'output',
        'steps.again-step.transform',
        'steps.again.until',
        'steps.ask.input',
        'steps.child.input',
        'steps.each-step.condition',
        'steps.each-step.transform',
        'steps.each.items',
        'steps.pick.value',
        'steps.poll-poll.transform',
        'steps.poll.condition',
        'steps.report.transform',
        'steps.route-then.transform',
        'steps.route.condition',
        'steps.send.body',
        'steps.shape.input',
        'steps.shape.transform',
        'steps.tell.payload',
      ]),
    );
  });

  test('does not change when a function does, as its fingerprint does', () => {
    const make = (transform: () => number) =>
      createWorkflow('wf').addStep('a', { type: 'transform', transform }).build();
    const [one, two] = [make(() => 1), make(() => 2)];
    expect(two.hash).toBe(one.hash);
    const fingerprints = [one, two].map(({ steps: [step] }) =>
      step?.type === 'transform' ? step.transform?.fingerprint : null,
    );
    expect(fingerprints[0]).not.toBe(fingerprints[1]);
  });

  test('of a definition of today stays what it is', () => {
    const { definition } = parseDefinition({
      id: 'wf',
      name: 'A flow',
      steps: [{ type: 'wait', id: 'a', duration: '5s' }],
      output: '{{steps.a.output}}',
    });
    expect(definition?.canonical).toBe(
      '{"format":1,"name":"wf","output":"{{steps.a.output}}","steps":[{"duration":"5s","id":"a","type":"wait"}],"title":"A flow","version":"1"}',
    );
    expect(definition?.hash).toBe('e285328d88823b85a856af1c3d1c993430cb3b184def111b727bbfe4e3d1829d');
  });

  test.each([
    ['no JSON', '{', 'is not JSON'],
    ['no object', '[]', 'is not an object'],
    ['another format', '{"format":2}', 'has format 2'],
    ['a damaged definition', '{"format":1,"name":"wf","steps":[{"id":"a","type":"wait"}]}', 'is not valid'],
  ])('is refused: %s', (_name, text, message) => {
    expect(() => definitionFromCanonical(text)).toThrow(
      expect.objectContaining({ code: 'STORE_INVALID', message: expect.stringContaining(message) as string }),
    );
  });
});

describe('any valid workflow', () => {
  test('comes back from its canonical form as it was', () => {
    fc.assert(
      fc.property(everyWorkflow, ({ id: _id, name: _name, ...data }) => {
        const { definition, issues } = readData(data);
        expect(issues).toBeUndefined();
        if (definition === undefined) return;
        const { format: _format, ...stored } = JSON.parse(definition.canonical) as Record<string, unknown>;
        const read = readData(stored, 'canonical').definition;
        expect(read?.canonical).toBe(definition.canonical);
        expect(comparable(read)).toEqual(comparable(definition));
      }),
      { numRuns: 60 },
    );
  });

  test('of today comes back from its canonical form as it was', () => {
    fc.assert(
      fc.property(anyWorkflow, (data) => {
        const { definition, issues } = parseDefinition(data);
        expect(issues).toBeUndefined();
        if (definition === undefined) return;
        const read = definitionFromCanonical(definition.canonical);
        expect(read.canonical).toBe(definition.canonical);
        expect(comparable(read)).toEqual(comparable(definition));
      }),
      { numRuns: 30 },
    );
  });

  test('has the same hash whatever the order of its keys', () => {
    fc.assert(
      fc.property(everyWorkflow, ({ id: _id, name: _name, ...data }) => {
        const { definition } = readData(data);
        const { definition: other } = readData(reversed(data) as typeof data);
        expect(definition).toBeDefined();
        expect(other?.hash).toBe(definition?.hash);
        expect(comparable(other?.steps)).toEqual(comparable(definition?.steps));
      }),
      { numRuns: 40 },
    );
  });
});

/** The same data with the keys of all objects in the reverse order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe('a stored definition with the code of a registered one', () => {
  const slack = defineStepType({ type: 'slack', schema: z.object({ channel: z.string() }), run: () => 'sent' });
  const make = (description: string) =>
    createWorkflow('wf', { input: z.object({ n: z.string().transform(Number) }), stepTypes: [slack] })
      .setDescription(description)
      .addStep('ask', { type: 'agent', agentId: 'x', input: {}, schema: z.object({ n: z.string().transform(Number) }) })
      .addStep('shape', { type: 'transform', transform: () => description })
      .addStep('post', { type: 'slack', channel: '#a' })
      .addStep('review', { type: 'human', form: z.object({ n: z.string().transform(Number) }) })
      .onStepStart('shape', () => undefined)
      .build();

  test('has its functions and their fingerprints, and its own hash', () => {
    const [old, registered] = [make('before'), make('after')];
    const read = definitionFromCanonical(old.canonical, registered);
    expect(read.hash).toBe(old.hash);
    expect(read.steps[1]).toMatchObject({
      transform: registered.steps[1]?.type === 'transform' ? registered.steps[1].transform : {},
    });
    expect(read.steps[2]).toMatchObject({ run: registered.steps[2]?.type === 'custom' ? registered.steps[2].run : {} });
    expect(read.stepHandlers[0]?.call).toBe(registered.stepHandlers[0]?.call);
  });

  test('has its schemas where they are equal, with their transforms', () => {
    const read = definitionFromCanonical(make('before').canonical, make('after'));
    expect(read.input?.parse({ n: '5' })).toEqual({ value: { n: 5 } });
    expect(read.steps[0]?.type === 'agent' && read.steps[0].schema?.parse({ n: '5' })).toEqual({ value: { n: 5 } });
    expect(read.steps[3]?.type === 'human' && read.steps[3].form?.parse({ n: '5' })).toEqual({ value: { n: 5 } });
    expect(definitionFromCanonical(make('before').canonical).input?.parse({ n: '5' })).toEqual({ value: { n: '5' } });
  });
});
