/**
 * A project: its workflows, agents and settings, found in one folder and loaded. Owns the order of loading and the collecting
 * of every mistake; the parts are in the files beside it.
 */
import { extname, resolve } from 'node:path';
import { createAgentRegistry, type AgentRegistry } from '../agents/registry.ts';
import { loadDankConfig, type LoadedConfig } from '../agents/load-config.ts';
import { DefinitionError } from '../core/errors.ts';
import type { Issue } from '../core/issue.ts';
import type { WorkflowDefinition } from '../definition/index.ts';
import { workflowIssues } from '../engine/runs/catalog.ts';
import { defaultStoreFile } from '../engine/options.ts';
import { withAddresses } from './agents.ts';
import { withDotEnv, type Environment } from './dot-env.ts';
import { findWorkflowFile, type WorkflowFile } from './find-file.ts';
import { issuesOf } from './foreign-error.ts';
import { loadCode } from './load-code.ts';
import { readExports, type FileExports, type ProjectSettings } from './read-exports.ts';
import { readText, readWorkflows, type FileIssue, type FoundWorkflow, type ReadWorkflows } from './read-workflows.ts';

export type { FileIssue } from './read-workflows.ts';

export interface LoadOptions {
  /**
   * The environment; a `.env` file in the project's folder adds to it what it does not set.
   * @default process.env
   */
  readonly env?: Environment;
  /** Addresses of agents, by name or id: they win over all others. @default {} */
  readonly agents?: Readonly<Record<string, string>>;
}

/** What `createEngine` takes; so `createEngine(await loadWorkflows())` is an engine for the whole project. */
export interface Project {
  /** Absolute path. */
  readonly dir: string;
  /** The workflow file. Absolute path. */
  readonly file: string;
  /** The `dank.config.*` beside it. Absolute path; null: there is none. */
  readonly configFile: string | null;
  readonly workflows: readonly WorkflowDefinition[];
  readonly agents: AgentRegistry;
  readonly allowHosts: readonly string[];
  /** What becomes of unfinished runs whose functions have changed. @default as `createEngine` */
  readonly functions?: 'record' | 'strict';
  /** Absolute path, or `':memory:'`. @default '.dank/workflows.db' in the project's folder */
  readonly store: string;
  /** With what `.env` adds. */
  readonly env: Environment;
}

/** What loading found: the project, unless something in it is wrong, and all mistakes and warnings. */
export interface ProjectCheck {
  readonly file: string;
  readonly project: Project | null;
  readonly issues: readonly FileIssue[];
  /** The file of each workflow that could be read, by its place in the list. */
  readonly workflows: readonly { readonly definition: WorkflowDefinition; readonly file: string }[];
}

/**
 * The workflows, agents and settings of the project at `path`: a workflow file, or the folder that holds one by a name of
 * {@link workflowFileNames} (folders above it are not searched; several such files in it are an error). Code is imported;
 * YAML and JSON take `${AGENT_IDS.X}` from the `dank.config.*` in the same folder.
 *
 * @throws DefinitionError with every mistake of every workflow; WorkflowError NOT_FOUND (nothing there), REQUEST_INVALID
 * (several workflow files)
 */
export async function loadWorkflows(path: string = '.', options: LoadOptions = {}): Promise<Project> {
  const { file, project, issues } = await checkProject(path, options);
  if (project !== null) return project;
  const errors = issues.filter(({ issue }) => issue.severity !== 'warning');
  throw new DefinitionError(
    file,
    errors.map((each) => namingFile(each, file)),
  );
}

/** In a list of issues of several files each says where it is from. */
function namingFile({ file, issue }: FileIssue, main: string): Issue {
  const position = issue.position === undefined ? '' : `:${issue.position.line}:${issue.position.column}`;
  if (file === main && position === '') return issue;
  return { ...issue, message: `${issue.message} (${file}${position})` };
}

/** As {@link loadWorkflows}, with the mistakes as data. @throws WorkflowError NOT_FOUND, REQUEST_INVALID */
export async function checkProject(path: string = '.', options: LoadOptions = {}): Promise<ProjectCheck> {
  const place = await findWorkflowFile(path);
  const env = await withDotEnv(place.dir, options.env ?? process.env);
  const config = await loadConfig(place.dir);
  if ('issues' in config) return { file: place.file, project: null, issues: config.issues, workflows: [] };
  const exports = await readFileExports(place.file);
  const { settings } = exports;
  const registry = readAgents(settings, config.loaded, env, options, place);
  const parse = {
    stepTypes: settings.stepTypes ?? [],
    agentIds: registry.agents?.agentIds ?? new Map<string, string>(),
  };
  const read = exports.isText
    ? await readText(place.file, parse)
    : await readWorkflows(exports.workflows, place.file, place.dir, parse);
  const issues = [
    ...exports.issues.map((issue) => ({ file: place.file, issue })),
    ...registry.issues,
    ...read.issues,
    ...checkTogether(read, registry.agents),
  ];
  const workflows = read.found.map(({ definition, file }) => ({ definition, file }));
  const isRight = issues.every(({ issue }) => issue.severity === 'warning');
  const project: Project | null =
    !isRight || registry.agents === null
      ? null
      : {
          dir: place.dir,
          file: place.file,
          configFile: config.loaded?.file ?? null,
          workflows: workflows.map(({ definition }) => definition),
          agents: registry.agents,
          allowHosts: settings.allowHosts ?? [],
          store: storePath(settings.store ?? defaultStoreFile, place.dir),
          ...(settings.functions === undefined ? {} : { functions: settings.functions }),
          env,
        };
  return { file: place.file, project, issues, workflows };
}

function storePath(store: string, dir: string): string {
  return store === ':memory:' ? store : resolve(dir, store);
}

async function readFileExports(file: string): Promise<FileExports & { readonly isText: boolean }> {
  if (['.yaml', '.yml', '.json'].includes(extname(file)))
    return { workflows: [], settings: {}, issues: [], isText: true };
  const loaded = await loadCode(file);
  if ('issues' in loaded) return { workflows: [], settings: {}, issues: loaded.issues, isText: false };
  return { ...readExports(loaded.exports), isText: false };
}

/** Everything else depends on it: when it cannot be loaded, that is all there is to say. */
async function loadConfig(
  dir: string,
): Promise<{ readonly loaded: LoadedConfig | null } | { readonly issues: readonly FileIssue[] }> {
  try {
    return { loaded: await loadDankConfig(dir) };
  } catch (error) {
    const issues = issuesOf(error);
    if (issues === null) throw error;
    return { issues: issues.map((issue) => ({ file: resolve(dir, issue.path), issue: { ...issue, path: '' } })) };
  }
}

function readAgents(
  settings: ProjectSettings,
  config: LoadedConfig | null,
  env: Environment,
  options: LoadOptions,
  { file }: WorkflowFile,
): { readonly agents: AgentRegistry | null; readonly issues: readonly FileIssue[] } {
  const sources = {
    ...(settings.agents === undefined ? {} : { agents: settings.agents }),
    ...(config === null ? {} : { config: config.value, configFile: config.file }),
  };
  try {
    return { agents: withAddresses(createAgentRegistry({ ...sources, env }), options.agents ?? {}), issues: [] };
  } catch (error) {
    const issues = issuesOf(error);
    if (issues === null) throw error;
    return {
      agents: null,
      issues: issues.map((issue) => ({
        file: issue.path.startsWith('config.') ? (config?.file ?? file) : file,
        issue,
      })),
    };
  }
}

/** Unknown agents, workflows defined twice; and the warnings of each. */
function checkTogether({ found }: ReadWorkflows, agents: AgentRegistry | null): readonly FileIssue[] {
  const unknownAgents = (each: FoundWorkflow): readonly Issue[] =>
    agents === null ? [] : workflowIssues([each.definition], agents);
  const own = found.flatMap((each) =>
    [...unknownAgents(each), ...each.definition.warnings].map((issue) => ({
      file: each.file,
      issue: each.place(issue),
    })),
  );
  if (agents === null) return own;
  const all = workflowIssues(
    found.map(({ definition }) => definition),
    agents,
  );
  const twice = all.filter(({ code }) => code === 'DUPLICATE_WORKFLOW');
  return [...own, ...twice.map((issue) => ({ file: found[0]?.file ?? '', issue }))];
}
