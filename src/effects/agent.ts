/** The work of `agent` steps: one call of the agent, checked against the step's schema, repaired where the step asks for it. */
import { EffectResult } from '../core/effect.ts';
import { InvariantError, TemplateError, WorkflowError } from '../core/errors.ts';
import { formatIssue, type Issue } from '../core/issue.ts';
import { isPlainObject } from '../core/json.ts';
import type { Agent } from '../agents/registry.ts';
import type { AgentStep } from '../definition/definition.ts';
import { callAgent } from '../http/agent.ts';
import { callTimeoutMs, defaultTimeoutMs, idempotencyKey, SecretScope, type EffectCall } from './call.ts';

export async function agentEffect(call: EffectCall): Promise<EffectResult> {
  const step = call.input.info?.step;
  if (step?.type !== 'agent') throw new InvariantError(`not an agent step: ${step?.type ?? 'none'}`);
  const agent = findAgent(call, step.agentId);
  const scope = new SecretScope(call);
  const input = await scope.value(step.input);
  checkPrompt(step, input);
  let question = input;
  for (let repair = 0; ; repair++) {
    const result = await ask(call, step, agent, question, scope, repair);
    if (result.isAccepted) return new EffectResult(null, { isAccepted: true });
    if (step.schema === null) return new EffectResult(result.output, { metadata: result.metadata });
    const checked = step.schema.parse(result.output);
    if (!('issues' in checked))
      return new EffectResult(checked.value, {
        metadata: repair === 0 ? result.metadata : { ...result.metadata, repairs: repair },
      });
    if (repair >= step.repair) throw mismatch(step, checked.issues, result.output);
    question = repaired(input, checked.issues, result.output);
  }
}

/** A field that comes out undefined is left out of the input: of a prompt, that would ask for something else. */
function checkPrompt(step: AgentStep, input: unknown): void {
  if (step.action !== 'prompt' || step.input?.kind !== 'template') return;
  const { source } = step.input.template;
  if (
    !isPlainObject(source) ||
    !Object.hasOwn(source, 'prompt') ||
    !isPlainObject(input) ||
    Object.hasOwn(input, 'prompt')
  )
    return;
  throw new TemplateError(
    `the prompt of step '${step.id}' is missing: ${String(source['prompt'])} gives nothing; the agent was not called`,
  );
}

function findAgent({ services: { agents } }: EffectCall, agentId: string): Agent {
  const agent = agents.find(agentId);
  if (agent !== null) return agent;
  const suggestion = agents.suggest(agentId);
  throw new WorkflowError(
    'DEFINITION_INVALID',
    `unknown agent '${agentId}'; known agents: ${agents.names().join(', ') || 'none'}${suggestion === null ? '' : `; did you mean '${suggestion}'?`}`,
  );
}

/** An agent's own timeout counts where the step has the general one. */
function timeoutOf(step: AgentStep, agent: Agent): number {
  const own = step.timeoutMs === defaultTimeoutMs || step.callback ? agent.timeoutMs : null;
  return Math.min(callTimeoutMs(step), own ?? Number.POSITIVE_INFINITY);
}

async function ask(
  call: EffectCall,
  step: AgentStep,
  agent: Agent,
  input: unknown,
  scope: SecretScope,
  repair: number,
) {
  const key = idempotencyKey(call.input);
  return callAgent(call.services.http, agent, {
    action: step.action,
    input,
    method: step.method,
    format: step.format,
    timeoutMs: timeoutOf(step, agent),
    signal: call.signal,
    idempotencyKey: repair === 0 ? key : `${key}:r${repair}`,
    attempt: call.input.attempt,
    onChunk: (text) => {
      call.stream(text);
    },
    ...(step.endpoint === null ? {} : { endpoint: step.endpoint }),
    ...(call.callback === undefined ? {} : { callback: call.callback }),
    ...(scope.secrets.size === 0 ? {} : { secrets: scope.secrets }),
  });
}

/** The output does not fit the schema of the step. */
export function mismatch(step: AgentStep, issues: readonly Issue[], output: unknown): WorkflowError {
  const text = issues.map((issue) => formatIssue(issue)).join('; ');
  const excerpt = (typeof output === 'string' ? output : (JSON.stringify(output) ?? '')).slice(0, 2_048);
  return new WorkflowError(
    'OUTPUT_INVALID',
    `the answer of agent '${step.agentId}' does not fit the schema of step '${step.id}': ${text}`,
    { details: { issues, excerpt } },
  );
}

/** The same question, with what was wrong with the last answer. */
function repaired(input: unknown, issues: readonly Issue[], output: unknown): unknown {
  const prompt = isPlainObject(input) ? (input['prompt'] ?? input) : input;
  const asked = typeof prompt === 'string' ? prompt : JSON.stringify(prompt);
  const answered = typeof output === 'string' ? output : JSON.stringify(output);
  const list = issues.map((issue) => `- ${formatIssue(issue)}`).join('\n');
  const again = `${asked}\n\nYour last answer was:\n${answered}\n\nIt is not valid:\n${list}\n\nAnswer again, with these mistakes corrected.`;
  return isPlainObject(input) ? { ...input, prompt: again } : { prompt: again };
}
