/** Handlers: which function is called at what of which steps. */
import { joinPath } from '../core/issue.ts';
import type { AuthorHandler } from './author-workflow.ts';
import type { StepHandlers, UserFunction, WorkflowDefinition, WorkflowHandlers } from './definition.ts';
import { describe } from './describe.ts';
import type { Session } from './session.ts';

type Handlers = Pick<WorkflowDefinition, 'stepHandlers' | 'workflowHandlers'>;

export function readHandlers(handlers: readonly AuthorHandler[], session: Session): Handlers {
  const stepHandlers: { event: keyof StepHandlers; pattern: string; call: UserFunction }[] = [];
  const workflowHandlers: Record<keyof WorkflowHandlers, UserFunction[]> = {
    start: [],
    complete: [],
    error: [],
    pause: [],
    resume: [],
  };
  handlers.forEach((handler, index) => {
    const place = `handlers[${index}]`;
    const call = session.functionAt(joinPath(place, 'call'), handler.call, place);
    if (handler.step !== undefined && (typeof handler.step !== 'string' || handler.step === '')) {
      session.issues.add('INVALID_TYPE', place, `the handler of '${handler.on}' needs a step id`, {
        expected: "a step id, '*' or 'prefix*'",
        received: describe(handler.step),
      });
      return;
    }
    if (call === null) {
      session.issues.add('INVALID_TYPE', place, `the handler of '${handler.on}' must be a function`, {
        received: describe(handler.call),
      });
      return;
    }
    const [subject, event] = handler.on.split('.') as ['step' | 'workflow', string];
    if (subject === 'step')
      stepHandlers.push({ event: event as keyof StepHandlers, pattern: handler.step as string, call });
    else workflowHandlers[event as keyof WorkflowHandlers].push(call);
  });
  return { stepHandlers, workflowHandlers };
}
