import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findWorkflowFile, workflowFileNames } from '../../src/project/find-file.ts';
import { folderWith } from './folder.ts';

describe('the workflow file', () => {
  test.each(workflowFileNames)('%s is found in its folder', async (name) => {
    const dir = folderWith({ [name]: '', 'other.js': '' });
    expect(await findWorkflowFile(dir)).toEqual({ file: join(dir, name), dir });
  });

  test('is taken by its own path, whatever it is called', async () => {
    const dir = folderWith({ 'flows/research.yml': '' });
    const file = join(dir, 'flows/research.yml');
    expect(await findWorkflowFile(file)).toEqual({ file, dir: join(dir, 'flows') });
  });

  test('several of them in a folder are an error that names them', async () => {
    const dir = folderWith({ 'workflows.yaml': '', 'workflows.config.ts': '' });
    await expect(findWorkflowFile(dir)).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: expect.stringContaining('(workflows.config.ts, workflows.yaml)') as string,
    });
  });

  test('one in a folder above is named, not taken', async () => {
    const dir = folderWith({ 'workflows.js': '', 'inner/most/readme.md': '' });
    await expect(findWorkflowFile(join(dir, 'inner/most'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(`; the nearest one is in ${dir}$`) as string,
    });
  });

  test.each([
    ['a path that does not exist', 'nothing/here', 'NOT_FOUND', 'there is no file or folder'],
    ['a path through a file', 'readme.md/workflows.js', 'NOT_FOUND', 'there is no file or folder'],
    ['a file of another kind', 'readme.md', 'REQUEST_INVALID', 'is no workflow file'],
    ['a folder without one', '.', 'NOT_FOUND', 'there is no workflow file in'],
    ['a folder without one', '.', 'NOT_FOUND', "; 'dank-workflow init' makes one"],
  ])('%s is refused', async (_, path, code, message) => {
    const dir = folderWith({ 'readme.md': '' });
    await expect(findWorkflowFile(join(dir, path))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });
});
