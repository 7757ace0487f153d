/** Whether the agents that a definition names are known. Separate from reading it: who the agents are is known later. */
import type { Issue } from '../core/issue.ts';
import { list, quote } from './describe.ts';
import type { WorkflowDefinition } from './definition.ts';
import { createTree } from './checks/tree.ts';
import { IssueList } from './issue-list.ts';

export interface KnownAgent {
  readonly name: string;
  readonly id?: string | null | undefined;
  /** False: its configuration says that it takes no prompts. @default true */
  readonly promptEnabled?: boolean | undefined;
}

/** An issue for each agent step whose agent is none of these, or takes no prompts where it is sent one. An agent may be named by name, id or http(s) URL. */
export function checkAgents(definition: WorkflowDefinition, agents: readonly KnownAgent[]): readonly Issue[] {
  const names = agents.map(({ name }) => name);
  const wordsOf = ({ name, id }: KnownAgent): readonly string[] =>
    id === null || id === undefined ? [name] : [name, id];
  const known = new Set(agents.flatMap(wordsOf));
  const silent = new Set(agents.filter(({ promptEnabled }) => promptEnabled === false).flatMap(wordsOf));
  const issues = new IssueList();
  for (const { step } of createTree(definition).nodes) {
    if (step.type !== 'agent' || isHttpUrl(step.agentId)) continue;
    if (known.has(step.agentId)) {
      if (step.action === 'prompt' && silent.has(step.agentId))
        issues.add(
          'PROMPT_DISABLED',
          `${step.path}.agentId`,
          `agent ${quote(step.agentId)} takes no prompts: its configuration turns them off`,
          {
            hint: "call one of its endpoints: action 'http', or set communication.directPrompting.enabled",
          },
        );
      continue;
    }
    const otherwise = names.length === 0 ? 'no agents are registered' : `known agents: ${list(names)}`;
    issues.add('UNKNOWN_AGENT', `${step.path}.agentId`, `unknown agent ${quote(step.agentId)}`, {
      ...(names.length === 0 ? {} : { expected: `one of ${list(names)}` }),
      ...issues.didYouMean(step.agentId, names, names.length === 0 ? otherwise : undefined),
    });
  }
  return issues.all;
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}
