/**
 * Every example workflow takes every branch on the demo agents, over real HTTP, and gives the same with the engine and under
 * XState alone.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RunningAgent, RunningAgents } from '../../examples/agents/index.js';
import { sampleDocuments, startAgent, startAll } from '../../examples/agents/index.js';
import { ExampleProject, withoutTimes, type Outcome } from './project.ts';

const apiKey = 'key-of-the-tests';

let running: RunningAgents;
const printed: unknown[][] = [];

beforeAll(async () => {
  running = await startAll({ documents: sampleDocuments, apiKey });
});

afterAll(() => running.close());

beforeEach(() => {
  printed.length = 0;
  vi.spyOn(console, 'log').mockImplementation((...parts) => void printed.push(parts));
});

afterEach(() => vi.restoreAllMocks());

function agent(name: string): RunningAgent {
  const found = running.agents[name];
  if (found === undefined) throw new Error(`no agent ${name}`);
  return found;
}

/** The bodies that an agent was sent since `from`. */
function bodies(name: string, from = 0): readonly Record<string, unknown>[] {
  return agent(name)
    .requests.slice(from)
    .map(({ body }) => body as Record<string, unknown>);
}

function ran(outcome: Outcome, ...steps: readonly string[]): readonly string[] {
  return steps.filter((step) => outcome.events.some((event) => event.startsWith(`completed ${step} `)));
}

let machineRuns = 0;

/** With the engine, and that XState alone gives the same output and the same order within each sequence. */
async function runBoth(folder: string, input: unknown): Promise<Outcome> {
  const example = await ExampleProject.load(folder, running, apiKey);
  const durable = await example.runInEngine(input);
  const plain = await example.runAsMachine(input, `plain-${++machineRuns}`);
  expect(withoutTimes(plain.output)).toEqual(withoutTimes(durable.output));
  expect(example.bySequence(plain)).toEqual(example.bySequence(durable));
  expect([durable.error, plain.error]).toEqual([null, null]);
  return durable;
}

describe('research-and-summarize', () => {
  const summaries = ['long-summary', 'short-summary'];
  const paths = ['research-path', 'analysis-path', 'summary-path', 'default-path'];
  const query = 'Why does the water rise?';

  test.each([
    { topic: 'tides', type: 'research', summary: 'long-summary', path: 'research-path' },
    { topic: 'lighthouse', type: 'analysis', summary: 'short-summary', path: 'analysis-path' },
    { topic: 'bread', type: 'summary', summary: 'long-summary', path: 'summary-path' },
    { topic: 'zeppelins', type: 'poetry', summary: 'short-summary', path: 'default-path' },
    { topic: 'bees', type: undefined, summary: 'long-summary', path: 'default-path' },
  ])('$topic of type $type takes $summary and $path', async ({ topic, type, summary, path }) => {
    const outcome = await runBoth('research-and-summarize', { topic, type, query });
    expect(ran(outcome, ...summaries)).toEqual([summary]);
    expect(ran(outcome, ...paths)).toEqual([path]);
    const prompt = bodies('formatter').at(-1)?.['prompt'];
    expect(prompt).toMatch(summary === 'long-summary' ? /^Format long summary: / : /^Format short summary: /);
    expect(outcome.output).toEqual({
      summary: expect.any(String),
      keywords: expect.any(Array),
      timestamp: expect.any(String),
    });
  });

  test('retries three times with growing delays, waits five seconds, and tells its handlers', async () => {
    const { events, times, output } = await runBoth('research-and-summarize', {
      topic: 'tides',
      type: 'research',
      query,
    });
    const at = (event: string): number => times.get(event) ?? Number.NaN;
    expect(events.filter((event) => event.includes('retry-step'))).toEqual([
      'started retry-step 1',
      'retrying retry-step 1',
      'started retry-step 2',
      'retrying retry-step 2',
      'started retry-step 3',
      'completed retry-step 3',
    ]);
    expect(at('completed wait 1') - at('started wait 1')).toBeGreaterThanOrEqual(5000);
    expect(at('started retry-step 2') - at('retrying retry-step 1')).toBeGreaterThanOrEqual(1000);
    expect(at('started retry-step 3') - at('retrying retry-step 2')).toBeGreaterThanOrEqual(2000);
    const heads = printed.slice(0, printed.length / 2).map(([head]) => String(head));
    expect(heads).toEqual([
      'Workflow started with input:',
      'Starting step: fetch-research',
      'Context:',
      'Step fetch-research completed:',
      'Workflow completed:',
    ]);
    expect(printed.at(4)?.[1]).toEqual(output);
  });

  test('calls the service with the key, which stands nowhere else', async () => {
    const { service } = running;
    const before = service.requests.length;
    const outcome = await runBoth('research-and-summarize', { topic: 'tides', type: 'research', query });
    const [call] = service.requests.slice(before);
    expect(call).toMatchObject({ method: 'POST', path: '/process', headers: { authorization: `Bearer ${apiKey}` } });
    expect(call?.body).toEqual(outcome.output);
    expect(JSON.stringify([outcome.output, outcome.events, printed])).not.toContain(apiKey);
  });

  test('fails, and says why, when the service refuses the key', async () => {
    vi.spyOn(console, 'error').mockImplementation((...parts) => void printed.push(parts));
    const example = await ExampleProject.load('research-and-summarize', running, 'wrong-key');
    const outcome = await example.runInEngine({ topic: 'tides', type: 'research', query });
    expect(outcome.error).toMatchObject({ code: 'HTTP_ERROR', message: expect.stringContaining('401') });
    expect(outcome.events.slice(-2)).toEqual(['failed external-api 1', 'run.failed']);
    expect(printed.at(-1)).toEqual(['Workflow failed:', expect.objectContaining({ code: 'HTTP_ERROR' })]);
  });
});

describe('content-pipeline', () => {
  const verdicts = ['approve', 'revise'];
  const targets = ['publish-blog', 'publish-social', 'publish-email'];

  test.each([
    { topic: 'tides', style: 'neutral', publishTarget: 'blog', verdict: 'approve', target: 'publish-blog' },
    { topic: 'solar power', style: 'brief', publishTarget: 'social', verdict: 'approve', target: 'publish-social' },
    { topic: 'bread', style: 'casual', publishTarget: 'email', verdict: 'approve', target: 'publish-email' },
    { topic: 'bees', style: 'neutral', publishTarget: 'fax', verdict: 'approve', target: 'publish-blog' },
    { topic: 'chess', style: 'neutral', publishTarget: 'blog', verdict: 'revise', target: 'publish-blog' },
    { topic: 'tides', style: 'enthusiastic', publishTarget: 'social', verdict: 'revise', target: 'publish-social' },
    { topic: 'chess', style: 'enthusiastic', publishTarget: 'email', verdict: 'revise', target: 'publish-email' },
    { topic: 'bread', style: 'enthusiastic', publishTarget: undefined, verdict: 'revise', target: 'publish-blog' },
  ])('$topic, $style, for $publishTarget: $verdict, then $target', async ({ verdict, target, ...input }) => {
    const publisher = `${target.replace('publish-', '')}-publisher`;
    const before = agent(publisher).requests.length;
    const outcome = await runBoth('content-pipeline', input);
    expect(ran(outcome, ...verdicts)).toEqual([verdict]);
    expect(ran(outcome, ...targets)).toEqual([target]);
    const sent = bodies(publisher, before);
    expect(sent.map(({ content }) => content)).toMatchObject([{ status: `${verdict}d` }, { status: `${verdict}d` }]);
    if (target === 'publish-email') expect(outcome.output).toBeNull();
    else expect(outcome.output).toMatchObject({ published: true, target: target.replace('publish-', '') });
    expect(printed).toEqual([['Content pipeline completed successfully'], ['Content pipeline completed successfully']]);
  });

  test('revises by what the three reviewers said', async () => {
    await runBoth('content-pipeline', { topic: 'chess', style: 'enthusiastic', publishTarget: 'blog' });
    expect(bodies('editor').at(-1)?.['feedback']).toEqual({
      'grammar-check': { score: expect.any(Number), issues: expect.any(Array) },
      'fact-check': expect.objectContaining({ unsupported: expect.any(Array) }),
      'tone-analysis': expect.objectContaining({ tone: 'enthusiastic' }),
    });
  });
});

describe('the YAML form', () => {
  test('is found by its name and its title, and summarises what was researched', async () => {
    const { workflow } = await ExampleProject.load('yaml', running, apiKey);
    expect(workflow).toMatchObject({ name: 'research-and-summarize', title: 'Research and Summarize' });
    const tides = await runBoth('yaml', { topic: 'tides' });
    const bread = await runBoth('yaml', { topic: 'bread' });
    expect(tides.output).toMatch(/tide/);
    expect(bread.output).toMatch(/dough/);
  });
});

describe('self-correction', () => {
  test.each([
    { topic: 'tides', scores: [0.33, 0.67, 1] },
    { topic: 'zeppelins', scores: [0, 0.33, 0.67, 1] },
  ])('improves a text about $topic until the critic is content', async ({ topic, scores }) => {
    const { output } = await runBoth('self-correction', { topic });
    expect(output).toEqual({ text: expect.stringMatching(/^# .+\n\n[^]+\n\nSources: .+$/), scores });
  });

  test('hands each draft and the feedback on to the next round', async () => {
    const before = agent('writer').requests.length;
    await runBoth('self-correction', { topic: 'tides' });
    const [first, second, third] = bodies('writer', before);
    expect(first).toEqual({ prompt: 'Write about: tides' });
    expect(second).toMatchObject({
      draft: expect.not.stringMatching(/^# /),
      feedback: [{ code: 'no-title' }, { code: 'no-sources' }],
    });
    expect(third).toMatchObject({ draft: expect.stringMatching(/^# Tides\n/), feedback: [{ code: 'no-sources' }] });
  });

  test('fails after five rounds with a critic who is never content', async () => {
    const grumbler = await startAgent({
      name: 'critic',
      description: '',
      prompt: () => ({ content: false, score: 0, feedback: [] }),
    });
    try {
      const others = { ...running, agents: { ...running.agents, critic: grumbler } };
      const { error } = await (
        await ExampleProject.load('self-correction', others, apiKey)
      ).runInEngine({ topic: 'tides' });
      expect(error).toMatchObject({ code: 'LOOP_LIMIT', message: "loop 'improve' reached its limit of 5 rounds" });
      expect(grumbler.requests).toHaveLength(5);
    } finally {
      await grumbler.close();
    }
  });

  test('refuses an input without a topic before anything is started', async () => {
    const example = await ExampleProject.load('self-correction', running, apiKey);
    await expect(example.runInEngine({})).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});

describe('the embedded machine', () => {
  test.each([
    { topic: 'tides', isLong: true },
    { topic: 'lighthouse', isLong: false },
  ])('gives a brief on $topic, as the engine does', async ({ topic, isLong }) => {
    const outcome = await runBoth('embedded-machine/flow.js', { topic });
    expect(ran(outcome, 'layout')).toEqual(isLong ? ['layout'] : []);
    expect(outcome.output).toEqual({
      text: expect.stringMatching(isLong ? /^# / : /^[^#]/),
      keywords: expect.any(Array),
    });
  });

  test.each([
    {
      program: 'main.js',
      topic: 'tides',
      shows: ['state     {"$main":{"research":"$running"}}', 'completed layout (attempt 1)', 'state     "$completed"'],
    },
    { program: 'main.js', topic: 'lighthouse', shows: ['skipped   layout (not chosen)'] },
    {
      program: 'own-actors.js',
      topic: 'whales',
      shows: [
        'completed research',
        'skipped   layout (not chosen)',
        "  text: 'Nobody knows everything about whales.',",
      ],
    },
  ])('node $program $topic', async ({ program, topic, shows }) => {
    const file = fileURLToPath(new URL(`../../examples/embedded-machine/${program}`, import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [file, topic]);
    const lines = stdout.split('\n');
    expect(lines.filter((line) => shows.includes(line))).toEqual(shows);
  });
});
