/**
 * What a new project is made of: the templates, fitted to what is in the folder already. In a package that is CommonJS (as
 * `npm init` makes them) code gets names of ES modules; where a `dank.config` is there, the workflow brings its agents itself.
 */
import { createRequire } from 'node:module';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorkflowError } from '../core/errors.ts';
import { isPlainObject } from '../core/json.ts';
import { workflowFileNames } from '../project/find-file.ts';

const templates = fileURLToPath(new URL('./templates', import.meta.url));

export interface ProjectFile {
  /** In the new project; with `/`. */
  readonly name: string;
  readonly text: string;
}

export interface ProjectFiles {
  /** Sorted by name. Those that are there already stay as they are. */
  readonly files: readonly ProjectFile[];
  /** What is there in the place of one of ours, under another name. */
  readonly instead: readonly string[];
  /** There were no workflows before. */
  readonly hasNewWorkflow: boolean;
}

/**
 * @param there the names in the folder
 * @throws WorkflowError REQUEST_INVALID
 */
export async function projectFiles(dir: string, there: readonly string[], isYaml: boolean): Promise<ProjectFiles> {
  const workflow = there.find((name) => workflowFileNames.includes(name));
  const config = there.find((name) => /^dank\.config\.\w+$/.test(name));
  if (isYaml && workflow === undefined && config !== undefined) {
    throw new WorkflowError(
      'REQUEST_INVALID',
      `${config} is there already, and a workflow in YAML can use no other agents; without --yaml it brings its own`,
    );
  }
  const fit = fitting({ isModule: await isModule(dir, there), hasConfig: config !== undefined });
  const all = [...(await readTemplates('common')), ...(await readTemplates(isYaml ? 'yaml' : 'code'))].map(fit);
  const own = all.find(({ name }) => workflowFileNames.includes(name))?.name ?? '';
  const values = { NAME: packageName(dir), VERSION: ownVersion(), WORKFLOWS: workflow ?? own };
  // To workflows of others a demo adds nothing.
  const files = all.filter(({ name }) =>
    workflow !== undefined && isOfDemo(name) ? there.includes(name.split('/')[0] ?? '') : !isSecond(name, own, config),
  );
  const names = new Set(files.map(({ name }) => name));
  return {
    files: files.map((file) => fill(file, values)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    instead: [workflow, config].filter((name) => name !== undefined && !names.has(name)) as string[],
    hasNewWorkflow: workflow === undefined,
  };
}

function isOfDemo(name: string): boolean {
  return workflowFileNames.includes(name) || name.startsWith('dank.config.') || name.startsWith('agents/');
}

/** A second configuration would leave it open which is meant. */
function isSecond(name: string, workflow: string, config: string | undefined): boolean {
  return name !== workflow && name.startsWith('dank.config.') && config !== undefined && name !== config;
}

/** How Node.js reads `.js` here. Without a package.json ours is made. */
async function isModule(dir: string, there: readonly string[]): Promise<boolean> {
  if (!there.includes('package.json')) return true;
  try {
    const manifest = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8')) as unknown;
    return isPlainObject(manifest) && manifest['type'] === 'module';
  } catch {
    // Whoever reads it next says what is wrong with it.
    return false;
  }
}

interface Surroundings {
  readonly isModule: boolean;
  readonly hasConfig: boolean;
}

function fitting(around: Surroundings): (file: ProjectFile) => ProjectFile {
  return ({ name, text }) => {
    const own = around.hasConfig && name === 'workflows.js' ? withOwnAgents(text) : text;
    if (around.isModule) return { name, text: own };
    return {
      name: name.replace(/\.js$/, '.mjs'),
      text: own.replaceAll(/\b(workflows|dank\.config|demo-agents)\.js\b/g, '$1.mjs'),
    };
  };
}

function withOwnAgents(text: string): string {
  return text
    .replace(/^import \{ AGENT_IDS \} .*$/m, "import { startDemoAgents } from './agents/demo-agents.js';")
    .replaceAll(/AGENT_IDS\.([A-Z]+)/g, (_whole, name: string) => `'${name.toLowerCase()}'`)
    .replace(
      /^export default .*$/m,
      '// Two small agents that live in this very process. Those of the dank.config beside this file can be named as well.\n' +
        'export default { workflows: [hello], agents: await startDemoAgents() };',
    );
}

/** Where the names differ: npm would take these files of ours for its own. */
const renamed: Readonly<Record<string, string>> = { '_package.json': 'package.json', _gitignore: '.gitignore' };

async function readTemplates(kind: string): Promise<readonly ProjectFile[]> {
  const root = join(templates, kind);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const source = join(entry.parentPath, entry.name);
        const name = relative(root, source).replaceAll('\\', '/');
        return { name: renamed[name] ?? name, text: await readFile(source, 'utf8') };
      }),
  );
}

function fill({ name, text }: ProjectFile, values: Readonly<Record<string, string>>): ProjectFile {
  return { name, text: text.replaceAll(/__([A-Z]+)__/g, (whole, key: string) => values[key] ?? whole) };
}

function packageName(target: string): string {
  const name = basename(target)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-');
  return name.replaceAll(/^[._-]+|[._-]+$/g, '') || 'workflows';
}

function ownVersion(): string {
  return (createRequire(import.meta.url)('dank-workflow/package.json') as { readonly version: string }).version;
}
