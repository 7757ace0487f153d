/** The workflows an engine knows: by name, id and title, and every definition its runs are bound to, compiled. */
import { didYouMean } from '../../core/nearest.ts';
import { DefinitionError, WorkflowError } from '../../core/errors.ts';
import type { Issue } from '../../core/issue.ts';
import type { Store } from '../../core/ports.ts';
import type { AgentRegistry } from '../../agents/registry.ts';
import { createTree } from '../../definition/checks/tree.ts';
import { checkAgents, definitionFromCanonical, type WorkflowDefinition } from '../../definition/index.ts';

export class Catalog {
  readonly #definitions: readonly WorkflowDefinition[];
  /** The listed ones. */
  readonly #byHash = new Map<string, WorkflowDefinition>();
  /** Used without having been listed, by hash; the oldest is forgotten when there are too many. */
  readonly #added = new Map<string, WorkflowDefinition>();
  /** Made of what is stored, by hash: with the functions that were there then. */
  readonly #rebuilt = new Map<string, WorkflowDefinition>();
  readonly #agents: AgentRegistry;
  readonly #store: Pick<Store, 'readDefinition'>;

  /** @throws DefinitionError when two workflows share a name and version, or a workflow names an unknown agent */
  constructor(definitions: readonly WorkflowDefinition[], agents: AgentRegistry, store: Pick<Store, 'readDefinition'>) {
    this.#definitions = definitions;
    this.#store = store;
    this.#agents = agents;
    const issues = workflowIssues(definitions, agents);
    if (issues.length > 0)
      throw new DefinitionError(
        definitions.length === 1 ? `Workflow '${definitions[0]?.name ?? ''}'` : 'The list of workflows',
        issues,
      );
    for (const definition of definitions) this.#byHash.set(definition.hash, definition);
  }

  get definitions(): readonly WorkflowDefinition[] {
    return this.#definitions;
  }

  /** By name, id or title; of several versions the last one given. */
  find(name: string, version: string | null = null): WorkflowDefinition {
    if (version === null) return findWorkflow(this.#definitions, name);
    const { name: exact } = findWorkflow(this.#definitions, name);
    const found = this.#definitions.findLast((each) => each.name === exact && each.version === version);
    if (found !== undefined) return found;
    const versions = this.#definitions.filter((each) => each.name === exact).map((each) => `'${each.version}'`);
    throw new WorkflowError(
      'NOT_FOUND',
      `workflow '${exact}' has no version '${version}' here; known versions: ${versions.join(', ')}`,
    );
  }

  /**
   * A definition that is used without having been listed, as `engine.start(flow)` allows.
   * @throws DefinitionError when it names an unknown agent
   */
  add(definition: WorkflowDefinition): void {
    const { hash, name, version } = definition;
    if (this.#byHash.has(hash) || this.#added.has(hash)) return;
    const issues = workflowIssues([definition], this.#agents);
    if (issues.length > 0) throw new DefinitionError(`Workflow '${name}'`, issues);
    keepRecent(this.#added, hash, definition);
    // Its functions may be what runs of an earlier form of it want.
    for (const [key, each] of this.#rebuilt)
      if (each.name === name && each.version === version) this.#rebuilt.delete(key);
  }

  /** Whether runs of the workflow can go on here: it is one of ours, in this version. */
  knows({ workflow, version }: { readonly workflow: string; readonly version: string }): boolean {
    return this.#definitions.some((each) => each.name === workflow && each.version === version);
  }

  /**
   * The definition that a run is bound to. Its functions are those registered under the same name and version; without
   * them it can still be shown and replayed.
   */
  ofRun(run: { readonly workflow: string; readonly version: string; readonly hash: string }): WorkflowDefinition {
    const { workflow, version, hash } = run;
    const known = this.#byHash.get(hash) ?? this.#added.get(hash) ?? this.#rebuilt.get(hash);
    if (known !== undefined) return known;
    const canonical = this.#store.readDefinition(hash);
    if (canonical === null)
      throw new WorkflowError('STORE_INVALID', `the store has no definition ${hash} of workflow '${workflow}'`);
    const registered = [...this.#added.values(), ...this.#definitions].findLast(
      (each) => each.name === workflow && each.version === version,
    );
    const definition = definitionFromCanonical(canonical, registered);
    keepRecent(this.#rebuilt, hash, definition);
    return definition;
  }
}

const maxRecent = 1_000;

function keepRecent(recent: Map<string, WorkflowDefinition>, hash: string, definition: WorkflowDefinition): void {
  recent.set(hash, definition);
  const [oldest] = recent.keys();
  if (recent.size > maxRecent && oldest !== undefined) recent.delete(oldest);
}

/** By name, id or title; of several versions the last one given. @throws WorkflowError NOT_FOUND */
export function findWorkflow(definitions: readonly WorkflowDefinition[], name: string): WorkflowDefinition {
  const found =
    definitions.findLast((each) => each.name === name) ??
    definitions.findLast((each) => each.id === name) ??
    definitions.findLast((each) => each.title === name);
  if (found !== undefined) return found;
  throw unknownWorkflow(name, [...new Set(definitions.map((each) => each.name))]);
}

/** What is wrong with workflows that are used together, with these agents. */
export function workflowIssues(definitions: readonly WorkflowDefinition[], agents: AgentRegistry): readonly Issue[] {
  return [
    ...duplicates(definitions),
    ...definitions.flatMap((definition) => unknownAgents(definition, agents, definitions.length > 1)),
  ];
}

function duplicates(definitions: readonly WorkflowDefinition[]): readonly Issue[] {
  const seen = new Map<string, string>();
  return definitions.flatMap((definition, index) => {
    const key = `${definition.name}@${definition.version}`;
    const before = seen.get(key);
    seen.set(key, definition.hash);
    if (before === undefined || before === definition.hash) return [];
    return [
      {
        code: 'DUPLICATE_WORKFLOW',
        path: `workflows[${index}]`,
        message: `workflow '${definition.name}' of version '${definition.version}' is defined twice, differently`,
        hint: 'give one of them another name or version',
      },
    ];
  });
}

function unknownAgents(definition: WorkflowDefinition, agents: AgentRegistry, isOneOfMany: boolean): readonly Issue[] {
  const names = agents.names().map((name) => {
    const agent = agents.find(name);
    return { name, id: agent?.id ?? null, promptEnabled: agent?.promptEnabled };
  });
  // A registry finds more than the names it lists: those that lead to the variable of an agent.
  const used = createTree(definition).nodes.flatMap(({ step }) => (step.type === 'agent' ? [step.agentId] : []));
  const found = [...new Set(used)].filter((name) => !agents.names().includes(name) && agents.find(name) !== null);
  const issues = checkAgents(definition, [...names, ...found.map((name) => ({ name }))]);
  return isOneOfMany ? issues.map((issue) => ({ ...issue, path: `${definition.name}.${issue.path}` })) : issues;
}

function unknownWorkflow(name: string, known: readonly string[]): WorkflowError {
  const meant = didYouMean(name, known);
  const hint = meant === undefined ? '.' : `; ${meant}`;
  return new WorkflowError(
    'NOT_FOUND',
    `unknown workflow '${name}'${hint} Known workflows: ${known.join(', ') || 'none'}`,
  );
}
