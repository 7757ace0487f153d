/** The project and engine that a command works with, from its flags. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { WorkflowError } from '../core/errors.ts';
import { didYouMean } from '../core/nearest.ts';
import type { Store } from '../core/ports.ts';
import { createTree } from '../definition/checks/tree.ts';
import { createEngine } from '../engine/create-engine.ts';
import { systemPoll } from '../engine/default-ports.ts';
import type { Engine } from '../engine/engine.ts';
import { loadWorkflows, type LoadOptions, type Project } from '../project/project.ts';
import { openMemoryStore } from '../store/memory.ts';
import { openSqliteStore } from '../store/sqlite/open.ts';
import { engineLogger } from './engine-logger.ts';
import type { DriveFlags, ProjectFlags } from './flags.ts';
import type { Io } from './io.ts';
import { resolveOurselves } from './self-resolve.ts';

/** @throws as {@link loadWorkflows} */
export async function openProject(io: Io, flags: ProjectFlags): Promise<Project> {
  resolveOurselves();
  return loadWorkflows(resolve(io.cwd, flags.file ?? '.'), loadOptions(io, flags));
}

export function loadOptions(io: Io, flags: ProjectFlags): LoadOptions {
  return { env: io.env, agents: Object.fromEntries((flags.agent ?? []).map(readAgent)) };
}

function readAgent(text: string): readonly [name: string, url: string] {
  const split = text.indexOf('=');
  const url = text.slice(split + 1);
  if (split > 0 && /^https?:\/\//i.test(url) && URL.canParse(url)) return [text.slice(0, split), url];
  throw new WorkflowError('REQUEST_INVALID', `--agent ${text}: expected name=url, as researcher=http://127.0.0.1:3000`);
}

/**
 * A slip in the name of `--agent` would leave the agent that was meant where it is.
 * @throws WorkflowError REQUEST_INVALID
 */
export function checkAgentNames({ agents, workflows }: Project, { agent = [] }: ProjectFlags): void {
  const asked = workflows.flatMap((definition) =>
    createTree(definition).nodes.flatMap(({ step }) => (step.type === 'agent' ? [step.agentId] : [])),
  );
  const used = new Set([...asked, ...asked.flatMap((id) => agents.find(id)?.name ?? [])]);
  for (const [name] of agent.map(readAgent)) {
    const found = agents.find(name);
    // What a dank.config or a variable knows may be for other workflows.
    if (used.has(name) || (found !== null && (used.has(found.name) || found.source !== 'api'))) continue;
    const hint = didYouMean(name, used) ?? `they ask for ${[...used].join(', ') || 'none'}`;
    const problem = `--agent ${name}=...: no workflow of this project asks for an agent '${name}'; ${hint}`;
    throw new WorkflowError('REQUEST_INVALID', problem);
  }
}

/** @param mustExist that a store be made is no use when a run is looked for in it */
export function openStore(io: Io, project: Project, flags: DriveFlags, mustExist: boolean): Store {
  const file =
    flags.store === undefined || flags.store === ':memory:'
      ? (flags.store ?? project.store)
      : resolve(io.cwd, flags.store);
  if (mustExist && (file === ':memory:' || !existsSync(file))) {
    throw new WorkflowError('NOT_FOUND', `there is no store ${file}; the first run makes it`);
  }
  return file === ':memory:' ? openMemoryStore() : openSqliteStore(file);
}

/**
 * Closes the store when the engine cannot be made. Continues no runs by itself; takes what other processes leave for those
 * that it drives.
 * @param verify `'off'` for what is done to runs that there are: a rule that is broken must not keep one from being cancelled
 */
export function openEngine(
  io: Io,
  project: Project,
  store: Store,
  flags: DriveFlags,
  verify: 'rules' | 'off',
): Promise<Engine> {
  return createEngine({
    ...project,
    allowHosts: [...project.allowHosts, ...(flags.allowHost ?? [])],
    store,
    recover: false,
    logger: engineLogger(io),
    poll: systemPoll,
    verify,
  });
}
