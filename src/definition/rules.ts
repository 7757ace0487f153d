/** Reads the rules of a workflow (`rule-types.ts`), and finds the steps they are about. */
import { isPlainObject } from '../core/json.ts';
import { describe, list, quote } from './describe.ts';
import type { Tree } from './checks/tree.ts';
import type { Rule, RuleKind, RuleSubject } from './rule-types.ts';
import type { Session } from './session.ts';

const pairs: readonly RuleKind[] = ['precedes', 'leadsTo', 'exclusive'];
const kinds: readonly RuleKind[] = [...pairs, 'never', 'always', 'atMost'];

export function readRules(source: unknown, tree: Tree, session: Session): readonly Rule[] {
  if (source === undefined) return [];
  if (!Array.isArray(source)) {
    session.issues.add('INVALID_TYPE', 'rules', 'rules must be a list', { received: describe(source) });
    return [];
  }
  return source.flatMap((form: unknown, index) => new RuleReader(tree, session, `rules[${index}]`).read(form) ?? []);
}

class RuleReader {
  readonly #tree: Tree;
  readonly #session: Session;
  readonly #path: string;

  constructor(tree: Tree, session: Session, path: string) {
    this.#tree = tree;
    this.#session = session;
    this.#path = path;
  }

  read(form: unknown): Rule | null {
    const { issues } = this.#session;
    const given = isPlainObject(form) ? Object.keys(form).filter((key) => key !== 'name') : [];
    const kind = kinds.find((each) => each === given[0]);
    if (!isPlainObject(form) || kind === undefined || given.length !== 1) {
      const hint = given[0] === undefined ? {} : issues.didYouMean(given[0], kinds);
      issues.add('INVALID_RULE', this.#path, 'a rule is an object with one of the kinds of rules', {
        expected: list(kinds),
        received: isPlainObject(form) ? list(Object.keys(form)) : describe(form),
        ...hint,
      });
      return null;
    }
    const value = form[kind];
    const path = `${this.#path}.${kind}`;
    const [first, second] =
      pairs.includes(kind) || kind === 'atMost'
        ? Array.isArray(value) && value.length === 2
          ? (value as readonly unknown[])
          : []
        : [value];
    if (first === undefined || (pairs.includes(kind) && second === undefined)) {
      issues.add('INVALID_RULE', path, `${kind} takes a list of two`, {
        expected: kind === 'atMost' ? "a step and a number: ['charge', 1]" : "two steps: ['approve', 'publish']",
        received: describe(value),
      });
      return null;
    }
    const times = kind === 'atMost' ? this.#times(second, path) : 0;
    return {
      kind,
      name:
        typeof form['name'] === 'string'
          ? form['name']
          : `${kind}(${pairs.includes(kind) ? `${textOf(first)}, ${textOf(second)}` : kind === 'atMost' ? `${textOf(first)}, ${times}` : textOf(first)})`,
      first: this.#subjects(first, `${path}${pairs.includes(kind) || kind === 'atMost' ? '[0]' : ''}`),
      second: pairs.includes(kind) ? this.#subjects(second, `${path}[1]`) : [],
      times,
      path: this.#path,
    };
  }

  #times(value: unknown, path: string): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
    this.#session.issues.add('INVALID_RULE', `${path}[1]`, 'how often must be a whole number', {
      received: describe(value),
    });
    return 0;
  }

  #subjects(form: unknown, path: string): readonly RuleSubject[] {
    if (Array.isArray(form)) return form.flatMap((each: unknown, index) => this.#subjects(each, `${path}[${index}]`));
    if (typeof form === 'string') return [{ steps: this.#byId(form, path), outcome: null }];
    if (!isPlainObject(form)) {
      this.#session.issues.add('INVALID_RULE', path, 'a rule is about steps', {
        expected: "a step id, { agent: '...' }, { tag: '...' }, or a list of these",
        received: describe(form),
      });
      return [];
    }
    const unknown = Object.keys(form).find((key) => !['step', 'agent', 'tag', 'outcome'].includes(key));
    if (unknown !== undefined)
      this.#session.issues.add(
        'UNKNOWN_FIELD',
        `${path}.${unknown}`,
        `unknown field ${quote(unknown)} of a rule's subject`,
        {
          expected: 'step, agent, tag, outcome',
        },
      );
    const { step, agent, tag, outcome } = form;
    const steps = [
      ...(typeof step === 'string' ? [this.#byId(step, `${path}.step`)] : []),
      ...(typeof agent === 'string' ? [this.#having('agent', agent, path)] : []),
      ...(typeof tag === 'string' ? [this.#having('tag', tag, path)] : []),
    ];
    const [first = new Set<string>(), ...others] = steps;
    const both = new Set([...first].filter((id) => others.every((each) => each.has(id))));
    return [{ steps: both, outcome: typeof outcome === 'string' ? outcome : null }];
  }

  #byId(pattern: string, path: string): ReadonlySet<string> {
    const ids = [...this.#tree.byId.keys()];
    const found = pattern.endsWith('*')
      ? ids.filter((id) => id.startsWith(pattern.slice(0, -1)))
      : ids.filter((id) => id === pattern);
    if (found.length === 0)
      this.#session.issues.add(
        'UNKNOWN_STEP',
        path,
        `unknown step: step ${quote(pattern)} does not exist`,
        this.#session.issues.didYouMean(pattern, ids),
      );
    return new Set(found);
  }

  #having(what: 'agent' | 'tag', name: string, path: string): ReadonlySet<string> {
    const has = this.#tree.nodes.filter(({ step }) =>
      what === 'tag' ? step.tags.includes(name) : step.type === 'agent' && step.agentId === name,
    );
    if (has.length === 0)
      this.#session.issues.add(
        'UNKNOWN_SUBJECT',
        `${path}.${what}`,
        `no step has the ${what} ${quote(name)}: the rule would hold of nothing`,
      );
    return new Set(has.map(({ step }) => step.id));
  }
}

function textOf(form: unknown): string {
  if (typeof form === 'string') return form;
  if (Array.isArray(form)) return `[${form.map(textOf).join(', ')}]`;
  if (!isPlainObject(form)) return String(form);
  return Object.entries(form)
    .map(([key, value]) => `${key}: ${String(value)}`)
    .join(', ');
}
