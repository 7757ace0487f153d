/** `answer <taskId>`: answers what waits for a person. */
import { WorkflowError } from '../../core/errors.ts';
import { isPlainObject } from '../../core/json.ts';
import { parseTaskId } from '../../engine/steer/commands.ts';
import type { AnswerFlags } from '../flags.ts';
import { readInput } from '../input.ts';
import type { Io } from '../io.ts';
import { reasonOf } from '../reason.ts';
import { steer } from '../steer.ts';

export async function answer(io: Io, task: string, values: readonly string[], flags: AnswerFlags): Promise<number> {
  const { run } = parseTaskId(task);
  const given = withShorthands(await readInput(io, flags.input, values), flags);
  const by = reasonOf(io, flags);
  return steer(io, flags, {
    run,
    what: `the answer to task '${task}'`,
    tell: (engine) => engine.answer(task, given, by),
  });
}

/** @throws WorkflowError REQUEST_INVALID */
function withShorthands(given: unknown, { approve, reject, comment }: AnswerFlags): unknown {
  if (approve === true && reject === true)
    throw new WorkflowError('REQUEST_INVALID', '--approve and --reject exclude each other');
  const shorthands = {
    ...(approve === true ? { decision: 'approve' } : {}),
    ...(reject === true ? { decision: 'reject' } : {}),
    ...(comment === undefined ? {} : { comment }),
  };
  if (Object.keys(shorthands).length === 0) return given;
  if (!isPlainObject(given))
    throw new WorkflowError('REQUEST_INVALID', '--approve, --reject and --comment need an object, and --input is none');
  return { ...given, ...shorthands };
}
