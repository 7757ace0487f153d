/** The demo agents over real HTTP: the Dank contract, and that what they do with text is real and repeatable. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { agentNames, loadLibrary, sampleDocuments, startAgent, startAll } from '../../examples/agents/index.js';
import type { RunningAgents } from '../../examples/agents/index.js';

const FOLDER = fileURLToPath(new URL('../../examples/agents/', import.meta.url));
const KEY = 'test-key';
const PUBLISHERS = ['blog-publisher', 'social-publisher', 'email-publisher'];
const PROMPTED = agentNames.filter((name) => !PUBLISHERS.includes(name));

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

interface Review {
  readonly score: number;
}

let running: RunningAgents;

beforeAll(async () => {
  running = await startAll({ documents: sampleDocuments, apiKey: KEY });
});

afterAll(() => running.close());

function urlOf(name: string): string {
  const agent = running.agents[name];
  if (!agent) throw new Error(`no agent ${name}`);
  return agent.url;
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const json = { 'content-type': 'application/json', ...headers };
  const response = await fetch(url, { method: 'POST', headers: json, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function get(url: string): Promise<Answer> {
  const response = await fetch(url);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function ask(name: string, prompt: string, fields: Record<string, unknown> = {}): Promise<string> {
  const { status, body } = await post(`${urlOf(name)}/prompt`, { prompt, ...fields });
  expect(status).toBe(200);
  return String(body['response']);
}

async function askJson<T>(name: string, prompt: string, fields: Record<string, unknown> = {}): Promise<T> {
  return JSON.parse(await ask(name, prompt, fields)) as T;
}

async function summaryOf(topic: string): Promise<string> {
  const research = await ask('researcher', `Research: ${topic}`);
  const analysis = await ask('analyst', `Analyze this research: ${research}`, { context: research });
  return ask('summarizer', `Summarize: ${analysis}`);
}

async function reviewed(topic: string, style: string) {
  const content = await ask('content-generator', `Generate content about: ${topic}`, { style });
  const feedback = {
    'grammar-check': await askJson<Review>('grammar', `Check grammar: ${content}`),
    'fact-check': await askJson<Review>('fact-checker', `Fact check: ${content}`),
    'tone-analysis': await askJson<Review>('tone', `Analyze tone: ${content}`),
  };
  return { content, feedback, approved: feedback['grammar-check'].score > 0.8 && feedback['fact-check'].score > 0.9 };
}

describe.each([...agentNames])('the agent %s', (name) => {
  test.each(['/health', '/status', '/metrics', '/logs'])('answers GET %s as JSON', async (path) => {
    const { status, body } = await get(urlOf(name) + path);
    expect(status).toBe(200);
    expect(body).toHaveProperty('timestamp');
  });

  test('answers 404 with its endpoints for an unknown path and for another method', async () => {
    for (const path of ['/nowhere', '/prompt', '//', '/__proto__']) {
      const { status, body } = await get(urlOf(name) + path);
      expect(status).toBe(404);
      expect(body).toMatchObject({ error: 'Not Found', message: `Cannot GET ${path}` });
      expect(body['availableEndpoints']).toContain('GET /health');
    }
  });
});

describe.each(PROMPTED)('prompting %s', (name) => {
  test('answers the Dank contract, the same for the same prompt', async () => {
    const body = { prompt: 'Research: honey bees', topic: 'honey bees' };
    const answers: Answer[] = [];
    for (let round = 0; round < 4; round += 1) answers.push(await post(`${urlOf(name)}/prompt`, body));
    const [first, second] = answers.filter(({ status }) => status === 200);
    expect(first?.body).toEqual({
      response: expect.any(String),
      metadata: {
        usage: expect.objectContaining({ total_tokens: expect.any(Number) }),
        model: `local/${name}`,
        processingTime: expect.any(Number),
        responseModified: false,
      },
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    expect(second?.body['response']).toBe(first?.body['response']);
  });

  test.each([[{}], [{ prompt: '' }], [{ prompt: 7 }], [[]], [{ other: 'x' }]])('answers 400 to %j', async (body) => {
    const answer = await post(`${urlOf(name)}/prompt`, body);
    expect(answer).toMatchObject({ status: 400, body: { error: 'Prompt is required' } });
  });
});

describe('the server', () => {
  test('takes 10 MB of JSON and answers 413 to more', async () => {
    const url = `${urlOf('grammar')}/prompt`;
    const room = 10 * 1024 * 1024 - JSON.stringify({ prompt: '' }).length;
    expect((await post(url, { prompt: 'x'.repeat(room) })).status).toBe(200);
    expect((await post(url, { prompt: 'x'.repeat(room + 1) })).status).toBe(413);
  });

  test('answers 400 to broken JSON and 404 where prompting is disabled', async () => {
    const headers = { 'content-type': 'application/json' };
    const broken = await fetch(`${urlOf('tone')}/prompt`, { method: 'POST', headers, body: '{"prompt":' });
    expect(broken.status).toBe(400);
    expect((await post(`${urlOf('blog-publisher')}/prompt`, { prompt: 'x' })).status).toBe(404);
  });

  test('keeps a log of requests, shows no secret in GET /logs, and closes although a connection is open', async () => {
    const agent = await startAgent({ name: 'echo', description: '', prompt: ({ prompt }) => prompt });
    await post(`${agent.url}/prompt?q=secret`, { prompt: 'hi', more: 1 }, { authorization: 'Bearer secret' });
    expect(agent.requests).toMatchObject([
      {
        method: 'POST',
        path: '/prompt?q=secret',
        headers: { authorization: 'Bearer secret' },
        body: { prompt: 'hi', more: 1 },
      },
    ]);
    expect(JSON.stringify(await get(`${agent.url}/logs`))).not.toContain('secret');
    await agent.close();
    await agent.close();
    await expect(fetch(`${agent.url}/health`)).rejects.toThrow();
  });

  test('names the agents there are when asked for one that is not, and the folder that is missing', async () => {
    await expect(startAll({ documents: sampleDocuments, names: ['sumarizer'] })).rejects.toThrow(
      /sumarizer.*summarizer/,
    );
    await expect(loadLibrary(`${sampleDocuments}-not`)).rejects.toThrow(/no folder of documents at .*documents-not/);
  });
});

describe('research and summary', () => {
  test('finds the passages of the right document', async () => {
    expect(await ask('researcher', 'Research: neap tides')).toMatch(/^\[1\] tides\.md — Spring tides and neap tides$/m);
    expect(await ask('researcher', 'Research: the dance of a bee')).toMatch(/^\[1\] bees\.md — The dance$/m);
    expect(await ask('researcher', 'Research: zeppelins')).toBe('Research on "zeppelins": no passage in 6 documents.');
  });

  test.each(['tides', 'solar power', 'bread', 'bees'])('gives a long summary of %s', async (topic) => {
    const summary = await summaryOf(topic);
    expect(summary.length).toBeGreaterThan(500);
    expect(await ask('formatter', `Format long summary: ${summary}`)).toMatch(/^# .+\n\n## In brief\n[^]+\n- /);
  });

  test.each(['lighthouse', 'zeppelins'])('gives a short summary of %s', async (topic) => {
    const summary = await summaryOf(topic);
    expect(summary.length).toBeLessThan(500);
    expect(await ask('formatter', `Format short summary: ${summary}`)).toMatch(/^\*\*.+:\*\* /);
  });

  test('summaries are made of sentences of the documents, and differ by topic', async () => {
    const source = await readFile(`${sampleDocuments}/tides.md`, 'utf8');
    const summary = await summaryOf('tides');
    for (const sentence of summary.split(/(?<=\.) /)) expect(source).toContain(sentence);
    expect(await summaryOf('bread')).not.toBe(summary);
  });

  test('keywords are a JSON array of phrases of the text', async () => {
    const text = 'Honey bees often dance. A honey bee flies far. Wild bees sleep. The dance of honey bees is old.';
    expect(await askJson('keyword', `Extract keywords from: ${text}`, { limit: 2 })).toEqual(['honey bees', 'dance']);
  });
});

describe('the unreliable agent', () => {
  const query = { prompt: 'How many drones and workers has a colony?' };

  test('fails twice for each Idempotency-Key, then answers', async () => {
    const url = `${urlOf('unreliable')}/prompt`;
    for (const key of ['run-1:step:1', 'run-2:step:1']) {
      const statuses: number[] = [];
      for (let attempt = 0; attempt < 4; attempt += 1) {
        statuses.push((await post(url, query, { 'idempotency-key': key })).status);
      }
      expect(statuses).toEqual([500, 500, 200, 200]);
    }
  });

  test('falls back to the prompt, says why it fails, and does real work', async () => {
    const url = `${urlOf('unreliable')}/prompt`;
    const first = await post(url, query);
    expect(first).toMatchObject({
      status: 500,
      body: { error: 'Failed to process prompt', message: expect.stringContaining('overloaded') },
    });
    await post(url, query);
    expect((await post(url, query)).body['response']).toMatch(
      /^A colony of honey bees has one queen.*\(bees\.md; the query has 8 words\)$/,
    );
  });
});

describe('the content pipeline', () => {
  test.each([
    ['tides', 'neutral', true],
    ['bread', 'casual', true],
    ['solar power', 'brief', true],
    ['tides', 'enthusiastic', false],
    ['chess', 'neutral', false],
    ['zeppelins', 'neutral', false],
  ])('reviews content about %s in style %s: approved is %s', async (topic, style, approved) => {
    expect((await reviewed(topic, style)).approved).toBe(approved);
  });

  test.each([
    ['chess', 'neutral'],
    ['chess', 'enthusiastic'],
  ])('the editor repairs %s in style %s so that the reviewers approve', async (topic, style) => {
    const { content, feedback } = await reviewed(topic, style);
    for (const given of [feedback, JSON.stringify(feedback), Object.values(feedback)]) {
      const revised = await askJson<{ status: string }>('editor', `Revise this content: ${content}`, {
        feedback: given,
      });
      expect(revised.status).toBe('revised');
      expect(await askJson('grammar', `Check grammar: ${JSON.stringify(revised)}`)).toEqual({ score: 1, issues: [] });
      expect(await askJson('fact-checker', `Fact check: ${JSON.stringify(revised)}`)).toMatchObject({ score: 1 });
    }
  });

  test.each([
    ['repeated-word', 'It is is here.', 'It is here.'],
    ['double-space', 'One  space.', 'One space.'],
    ['sentence-start', 'We go. they stay.', 'We go. They stay.'],
    ['unmatched-bracket', 'We go (now. Then we stay.', 'We go (now). Then we stay.'],
    [
      'long-sentence',
      `One ${'two, one '.repeat(21)}end.`,
      expect.stringMatching(/^One (?:two, one )+two\. One (?:two, one )+end\.$/),
    ],
  ])('grammar finds %s and the editor repairs it', async (code, text, repaired) => {
    expect(await askJson('grammar', `Check grammar: ${text}`)).toMatchObject({ issues: [{ code }] });
    expect(await askJson('editor', `Revise this content: ${text}`)).toMatchObject({
      text: repaired,
      status: 'revised',
    });
  });

  test.each([
    ['Wow! This is amazing!', 'enthusiastic'],
    ["Well, it's okay, you don't care.", 'casual'],
    ['It is therefore necessary; moreover, it shall be done.', 'formal'],
    ['The sea is deep.', 'neutral'],
  ])('the tone of %j is %s', async (text, tone) => {
    expect(await askJson('tone', `Analyze tone: ${text}`)).toMatchObject({ tone });
  });

  test.each(['blog', 'social', 'email'])(
    'publishes to %s under an id that depends on the content alone',
    async (target) => {
      const url = `${urlOf(`${target}-publisher`)}/api/publish`;
      const content = { title: 'Tides', text: 'The moon pulls the sea.', status: 'approved' };
      const first = await post(url, { content: { ...content, approvedAt: '2026-01-01' } });
      expect(first.body).toMatchObject({
        published: true,
        target,
        title: 'Tides',
        id: expect.stringMatching(/^\w{12}$/),
      });
      expect((await post(url, { content: JSON.stringify(content) })).body).toEqual(first.body);
      expect((await post(url, { content: 'Other text' })).body['id']).not.toBe(first.body['id']);
      expect((await post(url, {})).status).toBe(400);
    },
  );
});

test.each(['tides', 'lighthouse', 'chess', 'zeppelins'])(
  'the critic is content with %s after 2 to 4 rounds',
  async (topic) => {
    let draft = '';
    let review = { content: false, score: 0, feedback: [] };
    let rounds = 0;
    while (!review.content && rounds < 9) {
      draft = await ask('writer', `Write about: ${topic}`, { draft, feedback: review.feedback });
      review = await askJson('critic', `Review this draft: ${draft}`);
      rounds += 1;
    }
    expect(rounds).toBeGreaterThanOrEqual(2);
    expect(rounds).toBeLessThanOrEqual(4);
    expect(draft).toMatch(/^# .+\n\n[^]+\n\nSources: .+$/);
  },
);

describe('the process service', () => {
  const headers = { authorization: `Bearer ${KEY}` };

  test('answers what it received, with a checksum that does not depend on the order of keys', async () => {
    const url = `${running.service.url}/process`;
    const answer = await post(url, { summary: 'two words', keywords: ['one'], n: 3 }, headers);
    expect(answer).toMatchObject({
      status: 200,
      body: { received: { summary: 'two words', keywords: ['one'], n: 3 }, words: 3 },
    });
    expect(new Date(String(answer.body['processedAt'])).getTime()).not.toBeNaN();
    const other = await post(url, { n: 3, keywords: ['one'], summary: 'two words' }, headers);
    expect(other.body['checksum']).toBe(answer.body['checksum']);
  });

  test('wants its key, its path and a body', async () => {
    const { url } = running.service;
    expect((await post(`${url}/process`, {})).status).toBe(401);
    expect((await post(`${url}/process`, {}, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await post(`${url}/other`, {}, headers)).status).toBe(404);
    expect((await fetch(`${url}/process`, { method: 'POST', headers })).status).toBe(400);
  });
});

describe('on the command line', () => {
  test('main.js starts all agents, says where they are, and stops on SIGTERM', async () => {
    const child = spawn(process.execPath, ['main.js', '--json', '--documents', sampleDocuments], { cwd: FOLDER });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { agents } = JSON.parse(String(line)) as { agents: Record<string, string> };
    expect(Object.keys(agents)).toEqual(agentNames);
    expect((await get(`${agents['critic']}/health`)).body).toMatchObject({ status: 'healthy', agent: 'critic' });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('main.js explains a wrong flag and exits with 2', () => {
    const { status, stderr } = spawnSync(process.execPath, ['main.js', '--dealy'], { cwd: FOLDER, encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain('--documents DIR');
  });

  test('the code of the README runs', async () => {
    const readme = await readFile(`${FOLDER}README.md`, 'utf8');
    const code = /```js\n([^]*?)```/.exec(readme)?.[1] ?? '';
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: FOLDER,
      encoding: 'utf8',
    });
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^http.* http.*\nhttp.* 0\n$/),
    });
  });
});
