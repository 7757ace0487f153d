import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { draw } from '../../../src/cli/commands/draw.ts';
import { run } from '../../../src/cli/commands/run.ts';
import { folderWith, helloYaml } from '../../project/folder.ts';
import { createFakeIo } from '../fake-io.ts';

const twoYaml =
  'workflows:\n  - { id: one, steps: [{ id: a, type: transform, template: x }] }\n  - { id: two, name: Second, steps: [{ id: b, type: transform, template: x }] }\n';

const loopYaml = `id: l
steps:
  - { id: each, type: loop, items: [1, 2, 3], onItemError: collect, steps: [{ id: t, type: transform, template: '{{loop.item.gone}}!', condition: '{{loop.item}} > 1' }] }
  - { id: never, type: transform, condition: 'false', template: x }
  - { id: last, type: transform, template: x }
`;

describe('draw', () => {
  test('writes Mermaid of the only workflow to stdout', async () => {
    const io = createFakeIo(folderWith({ 'workflows.yaml': helloYaml }));
    expect(await draw(io, undefined, {})).toBe(0);
    expect(io.stdoutText()).toMatch(/^flowchart TB\n/);
    expect(io.stderrText()).toBe('');
  });

  test('takes the format from the name of the file, and names the agents of the project', async () => {
    const yaml =
      'id: w\nsteps:\n  - { id: a, type: agent, agentId: "11111111-1111-4111-8111-111111111111", input: { prompt: x } }\n';
    const config =
      "export const agents = [{ name: 'Researcher', id: '11111111-1111-4111-8111-111111111111', port: 3999 }];";
    const dir = folderWith({
      'workflows.yaml': yaml,
      'dank.config.js': `${config}\n`,
      'package.json': '{"type":"module"}',
    });
    const io = createFakeIo(dir);
    expect(await draw(io, 'w', { output: 'w.svg', theme: 'dark' })).toBe(0);
    expect(readFileSync(join(dir, 'w.svg'), 'utf8')).toMatch(/^<svg [^>]*>[^]*>Researcher</);
    expect(io.stderrText()).toBe('drawn: w in w.svg\n');
    expect(io.stdoutText()).toBe('');
  });

  test('with --json tells what it drew', async () => {
    const io = createFakeIo(folderWith({ 'workflows.yaml': helloYaml }));
    await draw(io, 'hello', { json: true, format: 'dot' });
    expect(JSON.parse(io.stdoutText())).toMatchObject({
      workflow: 'hello',
      format: 'dot',
      drawing: expect.stringMatching(/^digraph/) as string,
    });
  });

  test('of several workflows asks for a name, and takes names and titles', async () => {
    const dir = folderWith({ 'workflows.yaml': twoYaml });
    await expect(draw(createFakeIo(dir), undefined, {})).rejects.toThrow(/which workflow\? .* has one, two/);
    await expect(draw(createFakeIo(dir), 'three', {})).rejects.toThrow(/no workflow 'three'; .* has one, two/);
    const io = createFakeIo(dir);
    await draw(io, 'Second', {});
    expect(io.stdoutText()).toContain('<b>b</b>');
  });

  test('marks where a run has been, the rounds of its loops too, without the code of the project', async () => {
    const dir = folderWith({ 'workflows.yaml': loopYaml });
    await run(createFakeIo(dir), 'l', [], { quiet: true, runId: 'r' });
    const store = join(dir, '.dank/workflows.db');
    const io = createFakeIo(folderWith({}));
    expect(await draw(io, undefined, { run: 'r', store })).toBe(0);
    const text = io.stdoutText();
    expect(text).toContain('accTitle: l - run r: completed');
    expect(text).toMatch(/<b>t<\/b>.*3 rounds/);
    const failed = /class ([n\d,]+) failed/.exec(text)?.[1];
    expect(text).toContain(`${failed}["<b>t</b>`);
    const skipped = /class ([n\d,]+) skipped/.exec(text)?.[1];
    expect(text).toContain(`${skipped}["<b>never</b>`);
    await expect(draw(createFakeIo(dir), 'other', { run: 'r', store })).rejects.toThrow("run 'r' is one of 'l'");
  });

  test('marks what tests saw', async () => {
    const coverage = { states: { a: 3 }, transitions: { '$start -> a': 1, 'a -> $end': true } };
    const dir = folderWith({ 'workflows.yaml': twoYaml, 'coverage.json': JSON.stringify(coverage) });
    const io = createFakeIo(dir);
    expect(await draw(io, 'one', { coverage: 'coverage.json' })).toBe(0);
    expect(io.stdoutText()).toContain('1 of 1 steps and 2 of 2 arrows seen');
    expect(io.stdoutText()).toContain('3 times');
  });

  test.each([
    ['{', 'it is no JSON'],
    ['[]', 'it is no object'],
    ['{"states": {"a": "x"}, "transitions": {}}', "'states' does not say"],
    ['{"states": {}}', "'transitions' does not say"],
  ])('refuses the coverage %s', async (text, message) => {
    const dir = folderWith({ 'workflows.yaml': helloYaml, 'c.json': text });
    await expect(draw(createFakeIo(dir), 'hello', { coverage: 'c.json' })).rejects.toThrow(message);
  });

  test('refuses what does not go together, and files that cannot be written', async () => {
    const dir = folderWith({ 'workflows.yaml': helloYaml });
    await expect(draw(createFakeIo(dir), 'hello', { run: 'r', coverage: 'c.json' })).rejects.toThrow('not both');
    await expect(draw(createFakeIo(dir), 'hello', { coverage: 'none.json' })).rejects.toThrow('no such file');
    await expect(draw(createFakeIo(dir), 'hello', { output: 'gone/a.svg' })).rejects.toThrow('cannot be written');
    await expect(draw(createFakeIo(dir), 'hello', { format: 'png' })).rejects.toThrow("format 'png'");
    await expect(draw(createFakeIo(dir), 'hello', { output: 'a.png' })).rejects.toThrow('its ending names no format');
  });
});
