/** A definition with every kind of nesting, and events about its steps. */
import type { ErrorData } from '../../../src/core/errors.ts';
import { parseDefinition, type WorkflowDefinition } from '../../../src/definition/index.ts';
import type { RunEvent } from '../../../src/engine/read/run-events.ts';

const wait = (id: string): object => ({ id, type: 'wait', duration: 1 });
const text = (id: string): object => ({ id, type: 'transform', template: 'x' });

function define(): WorkflowDefinition {
  const result = parseDefinition({
    id: 'flow',
    steps: [
      {
        id: 'fetch',
        type: 'agent',
        agentId: '550e8400-e29b-41d4-a716-446655440000',
        input: { prompt: 'x' },
        retry: { maxAttempts: 3 },
        onError: { type: 'transform', template: 'instead' },
      },
      {
        id: 'both',
        type: 'parallel',
        steps: [{ id: 'left', type: 'http', method: 'POST', url: 'http://x/' }, text('right')],
      },
      { id: 'rounds', type: 'loop', until: 'true', steps: [text('draft'), text('review')] },
      {
        id: 'each',
        type: 'loop',
        items: [1, 2],
        steps: [text('one'), { id: 'group', type: 'sequential', steps: [text('two')] }],
      },
      { id: 'ask', type: 'wait', condition: 'false', pollInterval: 10, poll: { type: 'transform', template: 'x' } },
    ],
    onFailure: [wait('clean-up')],
  });
  if (result.definition === undefined) throw new Error(JSON.stringify(result.issues));
  return result.definition;
}

export const definition: WorkflowDefinition = define();

export const failure: ErrorData = {
  name: 'WorkflowError',
  code: 'AGENT_ERROR',
  message: 'it answered 500',
  retryable: true,
};

/** So many milliseconds after the start of the run. */
export function at(ms: number): number {
  return 1_700_000_000_000 + ms;
}

type StepEvent = 'started' | 'retrying' | 'completed' | 'failed' | 'skipped' | 'cancelled';

export function step(type: StepEvent, id: string, fields: Readonly<Record<string, unknown>> = {}, ms = 0): RunEvent {
  return {
    type: `step.${type}`,
    step: id,
    visit: 1,
    attempt: 1,
    runId: 'r',
    seq: 1,
    at: at(ms),
    ...fields,
  } as RunEvent;
}
