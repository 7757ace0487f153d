import { describe, expect, test } from 'vitest';
import type { StatelyInspectionEvent } from '@statelyai/inspect';
import { inspect } from '../../../src/cli/commands/inspect.ts';
import { run } from '../../../src/cli/commands/run.ts';
import { createEngine } from '../../../src/engine/create-engine.ts';
import { loadWorkflows } from '../../../src/project/project.ts';
import { folderWith } from '../../project/folder.ts';
import { createFakeIo } from '../fake-io.ts';

const yaml = `workflows:
  - id: outer
    steps:
      - { id: each, type: loop, items: [1, 2], steps: [{ id: line, type: transform, template: 'item {{loop.item}}' }] }
      - { id: child, type: workflow, workflow: inner }
  - id: inner
    steps: [{ id: deep, type: transform, template: x }]
  - id: waits
    steps: [{ id: go, type: signal }]
`;

async function folderWithRun(): Promise<string> {
  const dir = folderWith({ 'workflows.yaml': yaml });
  await run(createFakeIo(dir), 'outer', [], { quiet: true, runId: 'r' });
  return dir;
}

const messagesIn = (text: string): readonly StatelyInspectionEvent[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as StatelyInspectionEvent);

describe('inspect', () => {
  test('--json tells a finished run, its rounds and children in the order in which it happened', async () => {
    const dir = await folderWithRun();
    const io = createFakeIo(dir);
    expect(await inspect(io, 'outer', { json: true })).toBe(0);
    const messages = messagesIn(io.stdoutText());
    expect(messages.filter(({ type }) => type === '@xstate.actor').map(({ sessionId }) => sessionId)).toEqual([
      'r',
      'r/each:1/0',
      'r/each:1/1',
      'r/child:1',
    ]);
    const ends = messages.flatMap((each) =>
      each.type === '@xstate.snapshot' && (each.snapshot as { status: string }).status === 'done'
        ? [each.sessionId]
        : [],
    );
    expect(ends).toEqual(['r/each:1/0', 'r/each:1/1', 'r/child:1', 'r']);
    const times = messages.map(({ createdAt }) => Number(createdAt));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('--json follows a run that goes on in another engine to its end', async () => {
    const dir = folderWith({ 'workflows.yaml': yaml });
    const engine = await createEngine(await loadWorkflows(dir, { env: {} }));
    await engine.start('waits', {}, { runId: 'w' });
    const io = createFakeIo(dir);
    const inspecting = inspect(io, 'w', { json: true });
    await io.wrote('"$waiting"');
    await engine.signal('w', 'go', { by: 'Kim' });
    expect(await inspecting).toBe(0);
    expect(messagesIn(io.stdoutText()).at(-1)).toMatchObject({ snapshot: { value: '$completed' } });
    expect(io.stdoutText()).toContain('"payload":{"by":"Kim"}');
    await engine.close();
  });

  test('serves the messages on this machine until Ctrl-C, and says what is loaded from where', async () => {
    const dir = await folderWithRun();
    const io = createFakeIo(dir);
    const inspecting = inspect(io, 'r', {});
    await io.wrote('told: all of run r');
    const url = io.stdoutText().trim();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}$/);
    expect(io.stderrText()).toContain('loads the inspector from https://stately.ai');
    const socket = new WebSocket(url.replace('http', 'ws'));
    const received: unknown[] = [];
    socket.addEventListener('message', ({ data }) => void received.push(JSON.parse(String(data))));
    await expect.poll(() => received.length).toBe(messagesIn(await jsonOf(dir)).length);
    const closed = new Promise((resolve) => {
      socket.addEventListener('close', resolve);
    });
    io.signal('SIGINT');
    expect(await inspecting).toBe(0);
    await closed;
    await expect(fetch(url)).rejects.toThrow();
  });

  test('without a run serves those who connect', async () => {
    const io = createFakeIo(folderWith({}));
    const inspecting = inspect(io, undefined, { viewer: 'http://localhost:9999/mine' });
    await io.wrote('createWebSocketInspector');
    expect(await (await fetch(io.stdoutText().trim())).text()).toContain('src="http://localhost:9999/mine"');
    io.signal('SIGTERM');
    expect(await inspecting).toBe(0);
  });

  test('tells step by step, and stops with Ctrl-C', async () => {
    const dir = await folderWithRun();
    const io = createFakeIo(dir);
    const inspecting = inspect(io, 'r', { json: true, step: '1h' });
    await io.wrote('@xstate.snapshot');
    io.signal('SIGINT');
    expect(await inspecting).toBe(130);
    expect(messagesIn(io.stdoutText())).toHaveLength(3);
  });

  test.each([
    [{ step: 'soon' }, "--step soon: it must be a number of milliseconds, or a text such as '30s'"],
    [{ port: '99999' }, '--port 99999: expected a whole number up to 65535'],
    [{ viewer: 'javascript:alert(1)' }, '--viewer javascript:alert(1): expected a web address'],
    [{ json: true }, '--json needs a run'],
  ])('refuses %j', async (flags, message) => {
    await expect(inspect(createFakeIo(folderWith({})), undefined, flags)).rejects.toThrow(message);
  });

  test('of an unknown run says so', async () => {
    const dir = await folderWithRun();
    await expect(inspect(createFakeIo(dir), 'outr', {})).rejects.toThrow("did you mean 'outer'");
  });
});

async function jsonOf(dir: string): Promise<string> {
  const io = createFakeIo(dir);
  await inspect(io, 'r', { json: true });
  return io.stdoutText();
}
