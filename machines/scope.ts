/**
 * What `{{...}}` and `ctx` mean in a run: the walk from a path's root to its value. One walk for guards (which see inline values and
 * what was kept for them) and for effects (which load references), told apart by the reader of stored values.
 */
import { readOwn, type Scope } from '../src/expressions/path.ts';
import type { RunContext, StepRecord } from './context.ts';
import { choiceOf, isChosen } from './choice-of.ts';
import { loopLevel } from './loop-level.ts';
import { stepInfo, type Program, type StepInfo } from './program.ts';
import type { StoredReader } from './stored-reader.ts';

/** The scope of one step (its number; null for the workflow itself: output, handlers). `depth`: see {@link loopLevel}. */
export function createScope(
  program: Program,
  context: RunContext,
  step: number | null,
  reader: StoredReader,
  depth = 0,
): Scope {
  return (path) => readRoot(program, context, step, reader, path.segments, depth);
}

function readRoot(
  program: Program,
  context: RunContext,
  step: number | null,
  reader: StoredReader,
  segments: readonly string[],
  depth: number,
): unknown {
  switch (segments[0]) {
    case 'steps':
      return readStep(program, context, reader, segments);
    case 'workflow':
      return readWorkflow(program, context, reader, segments);
    case 'vars':
      return readVar(program, context, reader, segments);
    case 'state':
      return readOwn(stateOf(context), segments, 1);
    default:
      return readLoop(program, context, step, reader, segments, depth);
  }
}

/** A round sees its own writes on top of the state that was frozen when its loop was entered; both are `context.state`. */
function stateOf(context: RunContext): unknown {
  return context.state;
}

function readStep(program: Program, context: RunContext, reader: StoredReader, segments: readonly string[]): unknown {
  const index = program.byId.get(segments[1] ?? '');
  if (index === undefined) {
    return context.outer === null
      ? undefined
      : readStep(context.outer.program, context.outer.context, reader, segments);
  }
  const record = context.steps.get(index);
  return record === undefined
    ? undefined
    : readRecord(stepInfo(program, index), record, reader, context.run.id, segments);
}

function readRecord(
  info: StepInfo,
  record: StepRecord,
  reader: StoredReader,
  run: string,
  segments: readonly string[],
): unknown {
  switch (segments[2]) {
    case 'output': {
      if (record.output === undefined) return undefined;
      if (segments.length === 3 && record.branch !== undefined && isChosen(info, record))
        return choiceOf(info, record.branch);
      return reader(record.output, segments.slice(3), run, record.kept, segments.slice(2).join('.'));
    }
    case 'metadata':
      return record.metadata === undefined
        ? undefined
        : reader(record.metadata, segments.slice(3), run, record.kept, segments.slice(2).join('.'));
    case 'status':
      return segments.length === 3 ? record.status : undefined;
    case 'branch':
      return segments.length === 3 ? record.branch : undefined;
    case 'attempts':
      return segments.length === 3 ? record.attempt : undefined;
    case 'error':
      return readOwn(record.error ?? null, segments, 3);
    default:
      return undefined;
  }
}

function readWorkflow(
  program: Program,
  context: RunContext,
  reader: StoredReader,
  segments: readonly string[],
): unknown {
  switch (segments[1]) {
    case 'input': {
      const top = outermostContext(context);
      return reader(top.input, segments.slice(2), top.run.id, top.inputKept, segments.slice(2).join('.'));
    }
    case 'name':
      return program.definition.name;
    case 'version':
      return program.definition.version;
    case 'runId':
      return context.run.id;
    case 'startedAt':
      return new Date(outermostContext(context).run.startedAt).toISOString();
    case 'error':
      return readOwn(context.error, segments, 2);
    default:
      return undefined;
  }
}

function outermostContext(context: RunContext): RunContext {
  return context.outer === null ? context : outermostContext(context.outer.context);
}

function readVar(program: Program, context: RunContext, reader: StoredReader, segments: readonly string[]): unknown {
  const name = segments[1] ?? '';
  const writers = program.vars.get(name);
  const index = writers?.length === 1 ? writers[0] : context.vars[name];
  if (writers === undefined || index === undefined) {
    return context.outer === null || writers !== undefined
      ? undefined
      : readVar(context.outer.program, context.outer.context, reader, segments);
  }
  const record = context.steps.get(index);
  if (record?.output === undefined) return undefined;
  const { step } = stepInfo(program, index);
  if (step.type === 'conditional' && segments.length === 2) return record.branch;
  return reader(
    record.output,
    segments.slice(2),
    context.run.id,
    record.kept,
    ['output', ...segments.slice(2)].join('.'),
  );
}

/** `loop.item`, `loop.index`, `loop.parent...`, or a loop's `as` name. */
function readLoop(
  program: Program,
  context: RunContext,
  step: number | null,
  reader: StoredReader,
  segments: readonly string[],
  depth: number,
): unknown {
  let level = loopLevel(program, context, step, depth);
  if (segments[0] !== 'loop') {
    while (level !== null && level.as !== segments[0]) level = level.parent();
    return level === null ? undefined : level.item(reader, segments.slice(1));
  }
  let at = 1;
  for (; segments[at] === 'parent' && level !== null; at++) level = level.parent();
  if (level === null) return undefined;
  if (segments[at] === 'index') return segments.length === at + 1 ? level.index : undefined;
  return segments[at] === 'item' ? level.item(reader, segments.slice(at + 1)) : undefined;
}
