/** The `.env` file of a project. Its values are secrets: nothing here puts one into a message. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { WorkflowError } from '../core/errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `env` and what `.env` of the folder adds to it: variables that are set already, even to nothing, stay as they are.
 * @throws WorkflowError REQUEST_INVALID when there is such a file, but it cannot be read
 */
export async function withDotEnv(folder: string, env: Environment): Promise<Environment> {
  const file = join(folder, '.env');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT') return env;
    throw new WorkflowError('REQUEST_INVALID', `${file} cannot be read (${String(code)})`, { cause: error });
  }
  const set = Object.entries(env).filter(([, value]) => value !== undefined);
  return { ...parseEnv(text.replace(/^\ufeff/, '')), ...Object.fromEntries(set) };
}
