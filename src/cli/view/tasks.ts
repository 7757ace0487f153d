/** Open tasks as people read them: what is asked, of whom, until when, and what an answer is made of. */
import { isPlainObject } from '../../core/json.ts';
import type { Task } from '../../engine/read/tasks.ts';
import { dateAndTime, inline } from './format.ts';
import type { Style } from './style.ts';
import { harmless, oneLine } from './text.ts';

/** Lines of a message that are shown. */
const messageLines = 20;

/** @param answer gives the command that takes these words after `answer` */
export function taskLines(task: Task, style: Style, answer: (words: string) => string): readonly string[] {
  const { id, title, workflow, runId, assignees, dueAt, message } = task;
  const whom = assignees.length === 0 ? '' : `, for ${assignees.map(oneLine).join(', ')}`;
  const due = dueAt === null ? '' : `, due ${dateAndTime(dueAt)}`;
  return [
    `${style.bold(id)}  ${oneLine(title)}`,
    `  ${style.dim(`${workflow}, run ${runId}${whom}${due}`)}`,
    ...shownMessage(message, style),
    ...formFields(task.form).map(
      ({ name, what, isRequired }) => `  ${style.cyan(name)}  ${what}${isRequired ? '' : style.dim(' (optional)')}`,
    ),
    `  ${style.dim('answer it:')} ${answer(`${id} ${answerWords(task)}`)}`,
  ];
}

function shownMessage(message: string | null, style: Style): readonly string[] {
  if (message === null) return [];
  const lines = harmless(message).trimEnd().split('\n');
  const more = lines.length - messageLines;
  return [
    ...lines.slice(0, messageLines).map((line) => `  ${line}`),
    ...(more > 0 ? [`  ${style.dim(`${style.symbols.ellipsis} ${more} more lines; --json shows all`)}`] : []),
  ];
}

interface Field {
  readonly name: string;
  readonly what: string;
  readonly isRequired: boolean;
  readonly choices: readonly unknown[];
}

/** Of a JSON Schema of an object; none of any other. */
function formFields(form: unknown): readonly Field[] {
  if (!isPlainObject(form) || !isPlainObject(form['properties'])) return [];
  const required: readonly unknown[] = Array.isArray(form['required']) ? form['required'] : [];
  return Object.entries(form['properties']).map(([name, schema]) => {
    const { type, enum: choices, description } = isPlainObject(schema) ? schema : {};
    const kind = Array.isArray(choices) ? choices.map(inline).join(' | ') : type === undefined ? 'any' : inline(type);
    const about = typeof description === 'string' ? `: ${oneLine(description)}` : '';
    return {
      name: oneLine(name),
      what: `${kind}${about}`,
      isRequired: required.includes(name),
      choices: Array.isArray(choices) ? choices : [],
    };
  });
}

function answerWords({ form }: Task): string {
  const fields = formFields(form);
  const decision = fields.find(({ name }) => name === 'decision')?.choices ?? [];
  if (decision.includes('approve') && decision.includes('reject')) return '--approve | --reject';
  const needed = fields.filter(({ isRequired }) => isRequired);
  const pairs = (needed.length > 0 ? needed : fields).map(({ name }) => `${name}=...`);
  return pairs.length === 0 ? '--input <json>' : pairs.join(' ');
}
