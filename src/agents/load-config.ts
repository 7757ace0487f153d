/** Finds and loads a project's `dank.config.*`. What it exports is read by `registry.ts`. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DefinitionError } from '../core/errors.ts';

/** What the file exports, as far as workflows need it; not checked yet. */
export interface DankConfig {
  readonly name?: unknown;
  readonly agents?: unknown;
  readonly AGENT_IDS?: unknown;
  readonly agentLimits?: unknown;
}

export interface LoadedConfig {
  /** Absolute path. */
  readonly file: string;
  readonly value: DankConfig;
}

const fileNames = ['dank.config.js', 'dank.config.cjs', 'dank.config.mjs', 'dank.config.ts'];

/**
 * Null when the folder has no configuration file; of several the first of .js, .cjs, .mjs, .ts.
 * @throws DefinitionError when it cannot be loaded, saying so when `dank-ai` is what is missing
 */
export async function loadDankConfig(folder: string): Promise<LoadedConfig | null> {
  for (const name of fileNames) {
    const file = join(folder, name);
    if (await isFile(file)) return { file, value: await load(file) };
  }
  return null;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
    throw loadError(path, error);
  }
}

async function load(file: string): Promise<DankConfig> {
  let exports: unknown;
  try {
    exports = await importFile(file);
  } catch (error) {
    throw loadError(file, error);
  }
  const config = unwrap(exports);
  if (config.agents !== undefined || config.AGENT_IDS !== undefined) return config;
  const issue = { code: 'CONFIG_NOT_LOADED', path: basename(file), message: 'it exports no agents' };
  throw new DefinitionError(file, [{ ...issue, expected: '{ agents: [...] }' }]);
}

/** TypeScript as Node.js reads it (types stripped); what it cannot read that way, `jiti` can. */
async function importFile(file: string): Promise<unknown> {
  const url = pathToFileURL(file).href;
  if (!file.endsWith('.ts')) return import(url);
  try {
    return await import(url);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ERR_UNKNOWN_FILE_EXTENSION' && code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') throw error;
    const { createJiti } = await import('jiti');
    return createJiti(url).import(file);
  }
}

/** `module.exports`, `export default`, and named exports, whichever holds a field. */
function unwrap(exports: unknown): DankConfig {
  const layers: unknown[] = [exports];
  for (let depth = 0; depth < 3; depth += 1) layers.push(field(layers.at(-1), 'default'));
  const pick = (name: string): unknown =>
    layers.map((layer) => field(layer, name)).find((value) => value !== undefined);
  return { name: pick('name'), agents: pick('agents'), AGENT_IDS: pick('AGENT_IDS'), agentLimits: pick('agentLimits') };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function loadError(file: string, error: unknown): DefinitionError {
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  const issue = { code: 'CONFIG_NOT_LOADED', path: basename(file) };
  if (/Cannot find (module|package) '(@[^/']+\/)?dank-ai/.test(message)) {
    const hint = 'install it in this project: npm install dank-ai';
    return new DefinitionError(file, [
      { ...issue, message: "it needs the package 'dank-ai', which is not installed", hint },
    ]);
  }
  const commonJs = /\b(module|exports|require) is not defined in ES module scope/.test(message);
  const hint = commonJs ? "it is CommonJS in a package of type 'module': rename it to dank.config.cjs" : null;
  return new DefinitionError(file, [
    { ...issue, message: `it cannot be loaded: ${message}`, ...(hint === null ? {} : { hint }) },
  ]);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, 'code') : null;
}
