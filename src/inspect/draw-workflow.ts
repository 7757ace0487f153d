/** Draws a workflow in the format that is asked for. */
import { compileWorkflow } from '../../machines/workflow.ts';
import { WorkflowError } from '../core/errors.ts';
import { toDefinition, type Workflow, type WorkflowDefinition } from '../definition/index.ts';
import { createDrawing } from './drawing/build.ts';
import { coverageMarks, runMarks, type Coverage, type DrawnRun, type Marks } from './drawing/marks.ts';
import type { Drawing } from './drawing/drawing.ts';
import { toDot } from './formats/dot.ts';
import { toMachineConfig } from './formats/machine-config.ts';
import { toMermaid } from './formats/mermaid.ts';
import { drawingThemes, type DrawingTheme } from './drawing/theme.ts';

export type { DrawnEvent } from './drawing/drawing.ts';
export type { Coverage, DrawnRun, DrawnStep } from './drawing/marks.ts';
export type { DrawingTheme } from './drawing/theme.ts';

export const drawingFormats = ['mermaid', 'svg', 'dot', 'json'] as const;
export type DrawingFormat = (typeof drawingFormats)[number];

export interface DrawOptions {
  /**
   * `'mermaid'`: a flowchart for Markdown. `'svg'`: a picture that stands alone. `'dot'`: for Graphviz. `'json'`: the
   * statechart as an XState machine configuration, for Stately's tools and `createMachine`.
   */
  readonly format: DrawingFormat;
  /** Marks where a run is and has been. */
  readonly run?: DrawnRun;
  /** Marks what tests have seen. */
  readonly coverage?: Coverage;
  /** What to call an agent, by what the step names. @default its name, or the beginning of its id */
  readonly agentName?: (agentId: string) => string;
  /** Of SVG: `'auto'` follows the reader's page or system. @default 'auto' */
  readonly theme?: DrawingTheme;
}

/**
 * The same text for the same definition and options.
 * @throws DefinitionError; WorkflowError REQUEST_INVALID for options that there are not, or that do not go together
 */
export async function drawWorkflow(
  workflow: Workflow | WorkflowDefinition,
  { format, run, coverage, agentName, theme = 'auto' }: DrawOptions,
): Promise<string> {
  check('format', format, drawingFormats);
  check('theme', theme, drawingThemes);
  const definition = toDefinition(workflow);
  const drawing = createDrawing(definition, agentName);
  const marks = marksOf(drawing, run, coverage);
  if (format === 'mermaid') return toMermaid(drawing, marks);
  if (format === 'dot') return toDot(drawing, marks);
  if (format === 'svg') return (await import('./svg/svg.ts')).toSvg(drawing, marks, theme);
  if (marks !== null) throw new WorkflowError('REQUEST_INVALID', "format 'json' is the chart alone: it takes no marks");
  return `${JSON.stringify(toMachineConfig(compileWorkflow(definition), drawing), null, 2)}\n`;
}

function marksOf(drawing: Drawing, run: DrawnRun | undefined, coverage: Coverage | undefined): Marks | null {
  if (run !== undefined && coverage !== undefined)
    throw new WorkflowError('REQUEST_INVALID', "a drawing shows either 'run' or 'coverage', not both");
  if (run !== undefined) return runMarks(drawing, run);
  return coverage === undefined ? null : coverageMarks(drawing, coverage);
}

function check(option: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw new WorkflowError('REQUEST_INVALID', `${option} '${value}': expected one of ${known.join(', ')}`);
}
