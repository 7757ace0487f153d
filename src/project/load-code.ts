/**
 * Loads a workflow file that is code. TypeScript is read as Node.js reads it (types stripped); what it cannot read that way
 * (enums, `./x.js` for `./x.ts`, an older Node.js), `jiti` reads.
 */
import { spawnSync } from 'node:child_process';
import { basename, extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WorkflowError } from '../core/errors.ts';
import type { Issue } from '../core/issue.ts';
import { issuesOf } from './foreign-error.ts';

const typescript: ReadonlySet<string> = new Set(['.ts', '.mts', '.cts']);

/** What the module exports, or why it cannot be loaded. */
export async function loadCode(
  file: string,
): Promise<{ readonly exports: unknown } | { readonly issues: readonly Issue[] }> {
  try {
    return { exports: typescript.has(extname(file)) ? await importTypeScript(file) : await importModule(file) };
  } catch (error) {
    return { issues: issuesOf(error) ?? [notLoaded(file, error)] };
  }
}

async function importModule(file: string): Promise<unknown> {
  return (await import(pathToFileURL(file).href)) as unknown;
}

async function importTypeScript(file: string): Promise<unknown> {
  if (process.features.typescript !== false) {
    try {
      return await importModule(file);
    } catch (error) {
      if (!needsTranspiler(error)) throw error;
    }
  }
  const { createJiti } = await import('jiti');
  return createJiti(pathToFileURL(file).href).import(file);
}

/** These come before anything of the file was run, so that it is not run twice. */
function needsTranspiler(error: unknown): boolean {
  const code = codeOf(error);
  if (
    code === 'ERR_UNKNOWN_FILE_EXTENSION' ||
    code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' ||
    code === 'ERR_INVALID_TYPESCRIPT_SYNTAX'
  )
    return true;
  return code === 'ERR_MODULE_NOT_FOUND' && error instanceof Error && error.message.startsWith("Cannot find module '/");
}

function notLoaded(file: string, error: unknown): Issue {
  const issue = { code: 'FILE_NOT_LOADED', path: '' };
  const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  const missing = /Cannot find (?:module|package) '([^'./][^']*)'/.exec(message)?.[1];
  if (missing !== undefined) {
    return {
      ...issue,
      message: `it needs the package '${missing}', which is not installed`,
      hint: `install it in this project: npm install ${packageName(missing)}`,
    };
  }
  if (/\b(module|exports|require) is not defined in ES module scope/.test(message)) {
    const name = `${basename(file, extname(file))}.cjs`;
    return {
      ...issue,
      message: "it is CommonJS in a package of type 'module'",
      hint: `rename it to ${name}, or write 'import' and 'export'`,
    };
  }
  const place = placeOf(file, error);
  return { ...issue, message: `it cannot be loaded: ${message}${place === null ? '' : ` (at ${place})`}` };
}

function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** `file:line` of a syntax error, or the top-most place in the file; null when neither is known. */
function placeOf(file: string, error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (error instanceof SyntaxError) return syntaxPlace(file);
  const own = error.stack
    ?.split('\n')
    .find((line) => line.includes(pathToFileURL(file).href) || line.includes(`${file}:`));
  const position = /:(\d+:\d+)\)?$/.exec(own ?? '')?.[1];
  return position === undefined ? null : `${basename(file)}:${position}`;
}

/** Where a module cannot be parsed is not on its error: Node.js tells it when it is asked to check the file only. */
function syntaxPlace(file: string): string | null {
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: 10_000 });
  const line = /:(\d+)\n/.exec(stderr.split('\n', 2).join('\n') + '\n')?.[1];
  return line === undefined || !stderr.includes(basename(file)) ? null : `${basename(file)}:${line}`;
}

function codeOf(error: unknown): unknown {
  return error instanceof WorkflowError || !(error instanceof Error) ? null : Reflect.get(error, 'code');
}
