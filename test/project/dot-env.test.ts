import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withDotEnv } from '../../src/project/dot-env.ts';
import { folderWith } from './folder.ts';

describe('a .env file', () => {
  test('adds what the environment does not set, even to nothing', async () => {
    const dir = folderWith({ '.env': '\ufeffKEY="from file"\nSET=from file\nEMPTY=from file\n# no\nexport MORE=1\n' });
    const env = await withDotEnv(dir, { SET: 'real', EMPTY: '', KEY: undefined });
    expect(env).toMatchObject({ KEY: 'from file', SET: 'real', EMPTY: '', MORE: '1' });
  });

  test('need not be there', async () => {
    const env = { A: '1' };
    expect(await withDotEnv(folderWith({}), env)).toBe(env);
  });

  test('that cannot be read is an error without its contents', async () => {
    const dir = folderWith({});
    mkdirSync(join(dir, '.env'));
    await expect(withDotEnv(dir, {})).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
      message: `${join(dir, '.env')} cannot be read (EISDIR)`,
    });
  });
});
