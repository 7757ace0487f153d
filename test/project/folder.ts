/** Temporary project folders, gone when the test is. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder with these files; its path without symbolic links. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'dank-project-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  addFiles(folder, files);
  return folder;
}

export function addFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/**
 * What a workflow file imports in the place of 'dank-workflow': the built package (`npm run build` comes first), which to the
 * tests' own modules is another copy.
 */
export const packageUrl: string = new URL('../../dist/src/index.js', import.meta.url).href;

/** One workflow that needs no agent, as YAML. */
export const helloYaml = `workflows:
  - id: hello
    steps:
      - { id: greet, type: transform, template: 'Hello {{workflow.input.name}}' }
    output: '{{steps.greet.output}}'
`;
