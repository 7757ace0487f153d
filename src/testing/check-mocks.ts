/** Mocks of steps that do not exist, or that have no work to be mocked, are mistakes of the test. */
import type { Step, WorkflowDefinition } from '../definition/definition.ts';
import { createTree } from '../definition/checks/tree.ts';
import { nearest } from '../core/nearest.ts';
import type { MockTable } from './answers.ts';

const instead: Partial<Record<Step['type'], string>> = {
  human: 'answer it with engine.answer()',
  signal: 'send it with engine.signal()',
  wait: 'let time pass with engine.advanceBy()',
  workflow: 'mock the steps of the child workflow',
  emit: 'nothing is sent outside',
};

const mockable: ReadonlySet<Step['type']> = new Set(['agent', 'http', 'transform', 'custom']);

/** Without workflows nothing is known, and nothing is checked. @throws TypeError naming each mistake */
export function checkStepMocks(steps: MockTable, definitions: readonly WorkflowDefinition[]): void {
  if (definitions.length === 0) return;
  const known = new Map(
    definitions.flatMap((definition) => createTree(definition).nodes.map(({ step }) => [step.id, step.type] as const)),
  );
  const mistakes = Object.keys(steps).flatMap((id) => {
    const type = known.get(id);
    if (type !== undefined && mockable.has(type)) return [];
    if (type !== undefined) {
      return [`step '${id}' is of type '${type}', which is not mocked: ${instead[type] ?? 'mock the steps inside'}`];
    }
    const like = nearest(id, [...known.keys()]);
    return [`there is no step '${id}'${like === undefined ? '' : `; did you mean '${like}'?`}`];
  });
  if (mistakes.length > 0)
    throw new TypeError(`mocks that cannot be used:\n${mistakes.map((each) => `  - ${each}`).join('\n')}`);
}
