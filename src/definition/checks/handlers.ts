/** Handlers of steps: a handler that can never be called is a mistake. */
import { quote } from '../describe.ts';
import type { WorkflowDefinition } from '../definition.ts';
import type { Session } from '../session.ts';
import type { Tree } from './tree.ts';

const methods = { start: 'onStepStart', complete: 'onStepComplete', error: 'onStepError' } as const;

export function checkHandlers(definition: WorkflowDefinition, tree: Tree, { issues, declaredIds }: Session): void {
  for (const { event, pattern, call } of definition.stepHandlers) {
    const method = methods[event];
    const star = pattern.indexOf('*');
    if (star === -1) {
      if (tree.byId.has(pattern) || declaredIds.has(pattern)) continue;
      issues.add(
        'UNKNOWN_STEP',
        call.place,
        `${method}: unknown step: step ${quote(pattern)} does not exist`,
        issues.didYouMean(pattern, tree.byId.keys()),
      );
    } else if (star !== pattern.length - 1) {
      issues.add('INVALID_VALUE', call.place, `${method}: '*' may stand only at the end of ${quote(pattern)}`, {
        expected: "a step id, '*' or 'prefix*'",
      });
    } else if (![...tree.byId.keys()].some((id) => id.startsWith(pattern.slice(0, -1)))) {
      issues.add(
        'HANDLER_UNUSED',
        call.place,
        `${method}: no step has an id that begins with ${quote(pattern.slice(0, -1))}`,
        { severity: 'warning' },
      );
    }
  }
}
