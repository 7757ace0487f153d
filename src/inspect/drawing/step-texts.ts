/** What a picture says of a step in words: what it works on, and its retries, timeouts and limits. Owns the texts only. */
import type { Condition } from '../../expressions/condition.ts';
import type { ValueTemplate } from '../../expressions/value-template.ts';
import { defaultCallTimeoutMs, defaultMaxIterations } from '../../definition/limits.ts';
import type { Decision, Retry, Step, Value } from '../../definition/definition.ts';

export interface Detail {
  readonly text: string;
  readonly isCode: boolean;
}

const plain = (text: string): Detail => ({ text, isCode: false });
const code = (text: string): Detail => ({ text, isCode: true });

export function typeOf(step: Step): string {
  return step.type === 'custom' ? step.name : step.type;
}

/** Null where the type says it all. @param agentName what to call an agent */
export function detailOf(step: Step, agentName: (id: string) => string): Detail | null {
  switch (step.type) {
    case 'agent':
      return plain(
        agentText(agentName(step.agentId), step.action === 'http' ? `${step.method} ${step.endpoint ?? '/'}` : null),
      );
    case 'http':
      return plain(`${step.method} ${templateText(step.url)}`);
    case 'transform':
      return plain(step.transform === null ? 'template' : 'function');
    case 'conditional':
      return decisionText(step.decide);
    case 'switch':
      return valueText(step.value);
    case 'wait':
      return waitText(step);
    case 'loop':
      return loopText(step);
    case 'human':
      return step.title === null ? null : plain(templateText(step.title));
    case 'signal':
      return plain(step.match === null ? step.name : `${step.name} if ${expressionText(step.match)}`);
    case 'workflow':
      return plain(`${step.workflow}${step.version === null ? '' : ` ${step.version}`}`);
    case 'emit':
      return plain(step.name);
    case 'sequential':
    case 'parallel':
    case 'custom':
      return null;
  }
}

/** A UUID tells nothing: its beginning is enough. */
export function shortId(id: string): string {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-/i.test(id) ? `${id.slice(0, 8)}…` : id;
}

function agentText(name: string, call: string | null): string {
  return call === null ? name : `${name} ${call}`;
}

function waitText(step: Extract<Step, { readonly type: 'wait' }>): Detail | null {
  if (step.while !== null) return prefixed('while', decisionText(step.while));
  if (step.until !== null) return code(`until ${templateText(step.until)}`);
  if (typeof step.duration === 'number') return plain(durationText(step.duration));
  return step.duration === null ? null : code(templateText(step.duration));
}

function loopText(step: Extract<Step, { readonly type: 'loop' }>): Detail | null {
  if (step.decide !== null) return prefixed(step.mode, decisionText(step.decide));
  return step.items === null ? null : prefixed('for each of', valueText(step.items));
}

function prefixed(word: string, { text, isCode }: Detail): Detail {
  return { text: `${word} ${text}`, isCode };
}

export function decisionText(decision: Decision): Detail {
  return decision.kind === 'function' ? plain('a function') : code(expressionText(decision.condition));
}

function valueText(value: Value): Detail {
  return value.kind === 'function' ? plain('a function') : code(templateText(value.template));
}

function expressionText({ source }: Condition): string {
  return withoutBraces(source);
}

/** Paths alone stand bare; inside longer text a tag keeps one pair of braces. */
function templateText({ source }: ValueTemplate): string {
  const text = typeof source === 'string' ? source : JSON.stringify(source);
  const isPaths = /^[\s|?]*$/.test(text.replace(tag, ''));
  return isPaths ? withoutBraces(text) : oneLine(text.replace(tag, '{$1}'));
}

const tag = /\{\{\{?\s*([^{}]*?)\s*\}?\}\}/g;

/** `{{steps.a.output}} > 1` reads as `steps.a.output > 1`. */
function withoutBraces(text: string): string {
  return oneLine(text.replace(tag, '$1'));
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Retries, timeouts, what follows a failure, limits. */
export function notesOf(step: Step): readonly string[] {
  const notes: string[] = [...typeNotes(step)];
  if (step.retry !== null && step.retry.maxAttempts > 1) notes.push(retryText(step.retry));
  const hasDefault = (step.type === 'agent' || step.type === 'http') && step.timeoutMs === defaultCallTimeoutMs;
  if (step.timeoutMs !== null && !hasDefault && step.type !== 'human')
    notes.push(`timeout ${durationText(step.timeoutMs)}`);
  if (step.totalTimeoutMs !== null) notes.push(`${durationText(step.totalTimeoutMs)} in all`);
  if (step.onError.kind === 'continue') notes.push('goes on after an error');
  if (step.onError.kind === 'output') notes.push('a default on error');
  if (step.concurrencyLimit !== null) notes.push(`at most ${step.concurrencyLimit.limit} at a time`);
  if (step.rateLimit !== null) notes.push(`${step.rateLimit.limit} per ${durationText(step.rateLimit.perMs)}`);
  if (step.cache !== null) notes.push(`cached ${durationText(step.cache.ttlMs)}`);
  return notes;
}

function typeNotes(step: Step): readonly string[] {
  switch (step.type) {
    case 'parallel': {
      const join = step.join === 'all' ? [] : [step.join === 1 ? 'the first to succeed' : `${step.join} to succeed`];
      const limit = step.maxConcurrency === null ? [] : [`${step.maxConcurrency} at a time`];
      return [...join, ...limit, ...(step.failFast ? ['fails at the first failure'] : [])];
    }
    case 'loop': {
      const together = step.mode === 'items' && step.concurrency > 1 ? [atATime(step.concurrency)] : [];
      const limit =
        step.maxIterations === null || step.maxIterations === defaultMaxIterations
          ? []
          : [`at most ${step.maxIterations} rounds`];
      const failures = { fail: [], collect: ['collects failures'], skip: ['leaves failed items out'] };
      return [...together, ...limit, ...failures[step.onItemError]];
    }
    case 'human':
      return step.timeoutMs === null || step.onTimeout.kind === 'goto'
        ? []
        : [`after ${durationText(step.timeoutMs)}: ${step.onTimeout.kind}`];
    case 'wait': {
      const poll = step.while === null ? [] : [`looks every ${durationText(step.pollIntervalMs)}`];
      const most = step.maxWaitMs === null ? [] : [`at most ${durationText(step.maxWaitMs)}`];
      return [...poll, ...most, ...(step.maxWaitMs !== null && step.onTimeout === 'continue' ? ['then goes on'] : [])];
    }
    case 'workflow':
      return step.mode === 'detach' ? ['not waited for'] : [];
    default:
      return [];
  }
}

function atATime(count: number): string {
  return Number.isFinite(count) && count < 1_000 ? `${count} at a time` : 'all at once';
}

function retryText({ maxAttempts, delayMs, backoff }: Retry): string {
  const pause = backoff === 'fixed' ? `every ${durationText(delayMs)}` : `${backoff} from ${durationText(delayMs)}`;
  return delayMs === 0 ? `${maxAttempts} attempts` : `${maxAttempts} attempts, ${pause}`;
}

const units: readonly (readonly [ms: number, unit: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
];

/** `90s`, `2h`, `250ms`: the largest unit that divides it. */
function durationText(ms: number): string {
  for (const [size, unit] of units) if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  return ms >= 1_000 ? `${ms / 1_000}s` : `${ms}ms`;
}
