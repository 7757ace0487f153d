/**
 * From what authors write to normalised steps: finds the type, reads its fields, and places inline steps of routers as
 * siblings right after their router. What the steps refer to is checked later (`checks/`).
 */
import { joinPath } from '../core/issue.ts';
import { isPlainObject } from '../core/json.ts';
import { callbackFields } from './callback-fields.ts';
import { commonFields, readBase } from './common-fields.ts';
import { describe, list, quote } from './describe.ts';
import { effectFields, effectFieldsOf, isEffectField, refuseEffectField } from './effect-fields.ts';
import type { DataSchema, Decision, Step, Target, UserFunction, Value } from './definition.ts';
import { readFields, type Fields, type Shape } from './fields.ts';
import { under, type IssueDetails } from './issue-list.ts';
import { checkId } from './names.ts';
import { readTargetList, readTargetText } from './read-target.ts';
import type { Session } from './session.ts';
import type { StepKind, StepReader } from './step-kind.ts';
import { customKind } from './types/custom.ts';
import { stepKinds, typeHints } from './types/index.ts';
import type { Condition } from '../expressions/condition.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import { nameOfWorkflow } from './workflow.ts';

/** Fields that no step type of a user can have. */
const commonNames: readonly string[] = [
  'id',
  'type',
  ...Object.keys(commonFields),
  ...Object.keys(effectFields),
  ...Object.keys(callbackFields),
];

/** A list of steps, at `path`. @param what whose list it is, for messages */
export function readSteps(session: Session, path: string, value: unknown, what: string): readonly Step[] {
  if (value === undefined) {
    session.issues.add('REQUIRED', path, `steps is required: ${what} needs at least one step`);
    return [];
  }
  if (!Array.isArray(value)) {
    session.issues.add('INVALID_TYPE', path, 'steps must be an array (a list of steps)', { received: describe(value) });
    return [];
  }
  if (value.length === 0) session.issues.add('NO_STEPS', path, `${what} has no steps: at least one step is needed`);
  return value.flatMap((each, index) => readStep(session, joinPath(path, index), each, null));
}

/** One step, followed by the inline steps of its targets. Empty when nothing can be read. */
function readStep(session: Session, path: string, value: unknown, fallbackId: string | null): readonly Step[] {
  if (!isPlainObject(value)) {
    session.issues.add('INVALID_TYPE', path, 'a step must be an object', { received: describe(value) });
    return [];
  }
  const id = readId(session, path, value['id'], fallbackId);
  const kind = findKind(session, path, value['type']);
  if (kind === null) return [];
  const reader = new Reader(session, id, path, kind.what.replace(/^an? /, ''));
  const step = readWith(kind, value, reader);
  return [step, ...reader.hoisted];
}

function readWith(kind: StepKind, raw: Readonly<Record<string, unknown>>, reader: Reader): Step {
  const effects = effectFieldsOf(kind);
  const fields = readFields({ ...commonFields, ...effects, ...kind.fields }, raw, {
    path: reader.path,
    issues: reader.session.issues,
    others: ['id', 'type'],
    what: kind.what,
    onUnknown: (key) => explainUnknown(kind, key, reader),
  });
  const base = readBase(fields, kind.ownCondition, reader);
  return kind.read(fields, base, reader, raw);
}

function explainUnknown(kind: StepKind, key: string, reader: Reader): boolean {
  if (Object.hasOwn(callbackFields, key)) {
    reader.add('FIELD_MISPLACED', key, `${kind.what} cannot have ${key}`, { expected: 'a step of type agent or http' });
    return true;
  }
  if (kind.type === 'custom') return true;
  if (isEffectField(key)) {
    refuseEffectField(key, kind, reader);
    return true;
  }
  const hint = Object.hasOwn(kind.hints, key) ? kind.hints[key] : undefined;
  if (hint === undefined || hint === '') return false;
  reader.add('UNKNOWN_FIELD', key, `unknown field ${quote(key)} of ${kind.what}`, { hint });
  return true;
}

function readId(session: Session, path: string, value: unknown, fallback: string | null): string {
  const at = joinPath(path, 'id');
  const id = value ?? fallback;
  if (id === null) {
    session.issues.add('REQUIRED', at, 'id is required: every step needs one', {
      expected: "a text such as 'fetch-research'",
    });
    return '';
  }
  if (typeof id !== 'string') {
    session.issues.add('INVALID_TYPE', at, 'id must be a string', { received: describe(id) });
    return '';
  }
  const problem = checkId(id);
  const first = session.ids.get(id);
  if (problem !== null) {
    const { code, message, ...details } = problem;
    session.issues.add(code, at, message, details);
  } else if (first !== undefined) {
    const hint =
      value === undefined
        ? `this step got its id from the step around it: give it an id of its own`
        : 'step ids are unique in the whole workflow, nested steps too';
    session.issues.add('DUPLICATE_ID', at, `duplicate step id ${quote(id)}: it is at ${first} already`, { hint });
  } else {
    session.ids.set(id, path);
  }
  return id;
}

function findKind(session: Session, path: string, type: unknown): StepKind | null {
  const at = joinPath(path, 'type');
  if (typeof type === 'string') {
    const kind = stepKinds.get(type);
    if (kind !== undefined) return kind;
    const own = session.stepTypes.get(type);
    if (own !== undefined) return customKind(type, own, commonNames);
    if (session.source === 'canonical') return customKind(type, null, commonNames);
  }
  const known = [...stepKinds.keys(), ...session.stepTypes.keys()];
  if (type === undefined) {
    session.issues.add('REQUIRED', at, 'type is required: every step has one', { expected: list(known) });
  } else if (typeof type !== 'string') {
    session.issues.add('INVALID_TYPE', at, 'type must be a string', {
      expected: list(known),
      received: describe(type),
    });
  } else {
    const alias = Object.hasOwn(typeHints, type.toLowerCase()) ? typeHints[type.toLowerCase()] : undefined;
    const hint =
      alias === undefined ? session.issues.didYouMean(type, known, `known types: ${list(known)}`) : { hint: alias };
    session.issues.add('UNKNOWN_TYPE', at, `unknown step type ${quote(type)}`, hint);
  }
  return null;
}

class Reader implements StepReader {
  readonly session: Session;
  readonly id: string;
  readonly path: string;
  readonly hoisted: Step[] = [];
  /** `parallel step`. */
  readonly #noun: string;

  constructor(session: Session, id: string, path: string, noun: string) {
    this.session = session;
    this.id = id;
    this.path = path;
    this.#noun = noun;
  }

  add(code: string, field: string, message: string, details: IssueDetails = {}): void {
    this.session.issues.add(code, this.#at(field), message, details);
  }

  didYouMean(name: string, known: readonly string[]): IssueDetails {
    return this.session.issues.didYouMean(name, known);
  }

  get ownName(): string {
    return `${this.session.workflowName}/${this.id}`;
  }

  object<S extends Shape>(field: string, value: Readonly<Record<string, unknown>>, shape: S): Fields<S> {
    return readFields(shape, value, { path: this.#at(field), issues: this.session.issues, what: field });
  }

  template(field: string, value: unknown): ValueTemplate | null {
    return this.session.template(this.#at(field), value);
  }

  value(field: string, value: unknown): Value | null {
    return this.session.value(this.#at(field), value, this.#place(field));
  }

  decision(field: string, value: unknown): Decision | null {
    return this.session.decision(this.#at(field), value, this.#place(field));
  }

  condition(field: string, value: unknown): Condition | null {
    if (typeof value !== 'string') {
      const code = typeof value === 'function' ? 'FUNCTION_MISPLACED' : 'INVALID_TYPE';
      this.add(code, field, `${field} must be a condition as text`, { received: describe(value) });
      return null;
    }
    const decision = this.decision(field, value);
    return decision?.kind === 'expression' ? decision.condition : null;
  }

  userFunction(field: string, value: unknown): UserFunction | null {
    return this.session.functionAt(this.#at(field), value, this.#place(field));
  }

  storedFunction(place: string): UserFunction {
    return this.session.storedFunction(place);
  }

  schema(field: string, value: unknown): DataSchema | null {
    return this.session.schema(this.#at(field), value, this.#place(field));
  }

  steps(field: string, value: unknown): readonly Step[] {
    return readSteps(this.session, this.#at(field), value, `${this.#noun} ${quote(this.id)}`);
  }

  inline(field: string, value: unknown, suffix: string): Step | null {
    // A router cannot stand alone (checks/routing.ts says so), so that inline steps of its targets are never missed.
    return this.sequenceOfOne(field, value, suffix)[0] ?? null;
  }

  sequenceOfOne(field: string, value: unknown, suffix: string): readonly Step[] {
    return readStep(this.session, this.#at(field), value, `${this.id}-${suffix}`);
  }

  target(field: string, value: unknown, suffix: string): Target | null {
    if (typeof value === 'string') return readTargetText(value);
    if (Array.isArray(value)) return readTargetList(field, value, this);
    if (isPlainObject(value)) {
      const steps = this.sequenceOfOne(field, value, suffix);
      this.hoisted.push(...steps);
      return steps[0] === undefined ? null : { kind: 'steps', ids: [steps[0].id] };
    }
    this.add('INVALID_TYPE', field, `${field} must be a step id, a list of step ids, a step, or 'end'`, {
      received: describe(value),
    });
    return null;
  }

  withRoot<T>(name: string | null, read: () => T): T {
    if (name === null) return read();
    this.session.moreRoots.push(name);
    try {
      return read();
    } finally {
      this.session.moreRoots.pop();
    }
  }

  replace(field: string, value: string): void {
    this.session.replacements.set(this.#at(field), value);
  }

  agentId(field: string, text: string): string | null {
    const match = /^\s*\$\{\s*(.*?)\s*\}\s*$/.exec(text);
    if (match === null) return text;
    const reference = match[1] as string;
    const known = [...(this.session.agentIds?.keys() ?? [])].map((name) => `AGENT_IDS.${name}`);
    const id = reference.startsWith('AGENT_IDS.')
      ? this.session.agentIds?.get(reference.slice('AGENT_IDS.'.length))
      : undefined;
    if (id !== undefined) {
      this.replace(field, id);
      return id;
    }
    const otherwise = known.length === 0 ? 'no agents file was given' : `known: ${list(known)}`;
    this.add(
      'UNKNOWN_AGENT',
      field,
      `unknown agent reference ${quote(text)}: ${reference} is not defined`,
      this.session.issues.didYouMean(reference, known, otherwise),
    );
    return null;
  }

  workflowName(field: string, value: unknown): string | null {
    const name = this.session.source === 'code' ? nameOfWorkflow(value) : null;
    if (name !== null) {
      this.replace(field, name);
      return name;
    }
    if (typeof value === 'string' && value !== '') return value;
    this.add('INVALID_TYPE', field, `${field} must be the name of a workflow`, { received: describe(value) });
    return null;
  }

  #at(field: string): string {
    return under(this.path, field);
  }

  #place(field: string): string {
    return `steps.${this.id}.${field}`;
  }
}
