/** The drawings in the documentation are those of the workflows. `npx vitest run test/inspect/docs.test.ts -u` draws the picture anew. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { draw } from '../../src/cli/commands/draw.ts';
import { createFakeIo } from '../cli/fake-io.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

async function drawn(format: string): Promise<string> {
  const io = createFakeIo(root);
  expect(await draw(io, 'research-and-summarize', { file: 'examples/research-and-summarize', format })).toBe(0);
  return io.stdoutText();
}

test("the README shows the demo's workflow", async () => {
  const [, block] = /^```mermaid\n([^]*?)^```/m.exec(readFileSync(`${root}README.md`, 'utf8')) ?? [];
  expect(block).toBe(await drawn('mermaid'));
});

test('the page on drawings shows its picture', async () => {
  await expect(await drawn('svg')).toMatchFileSnapshot('../../docs/images/research-and-summarize.svg');
});
