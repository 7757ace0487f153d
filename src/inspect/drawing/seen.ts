/** What runs have seen of a workflow's drawing, counted: its boxes and its arrows. Pure. */
import { toDefinition, type Workflow, type WorkflowDefinition } from '../../definition/index.ts';
import { createDrawing } from './build.ts';
import type { DrawingEdge, DrawnEvent } from './drawing.ts';
import type { Coverage } from './marks.ts';
import { Way } from './way.ts';

/**
 * For `drawWorkflow(workflow, { coverage })`: in how many runs each step began, and each arrow was taken.
 * @param runs events of each run, and of each round of its loops, in order, as `run.events()` tells them
 */
export function coverageOfRuns(
  workflow: Workflow | WorkflowDefinition,
  runs: Iterable<readonly DrawnEvent[]>,
): { readonly states: Readonly<Record<string, number>>; readonly transitions: Readonly<Record<string, number>> } {
  const drawing = createDrawing(toDefinition(workflow));
  const states: Record<string, number> = {};
  const transitions: Record<string, number> = {};
  for (const events of runs) {
    const taken = new Set<DrawingEdge>();
    new Way(drawing, taken).follow(events);
    const begun = new Set(events.flatMap(({ type, step }) => (type === 'step.started' ? (step ?? []) : [])));
    for (const step of begun) states[step] = (states[step] ?? 0) + 1;
    for (const key of new Set([...taken].map(({ from, to }) => `${from} -> ${to}`)))
      transitions[key] = (transitions[key] ?? 0) + 1;
  }
  return { states, transitions } satisfies Coverage;
}
