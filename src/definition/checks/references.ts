/** What the expressions of a definition name: every path's root, step, var, key of state. */
import type { Issue } from '../../core/issue.ts';
import type { Path } from '../../expressions/path.ts';
import { excerptAt, positionAt } from '../../expressions/syntax-error.ts';
import { list, quote } from '../describe.ts';
import type { LoopStep, WorkflowDefinition } from '../definition.ts';
import { under, type IssueDetails } from '../issue-list.ts';
import { parsePath } from '../path-text.ts';
import type { Session } from '../session.ts';
import type { Expression } from '../step-kind.ts';
import { expressionsOf } from '../types/index.ts';
import { propertyNames, stateKeys } from './state.ts';
import { whyUnavailable, type Unavailable, type View } from './availability.ts';
import { chainOf, type Node, type Tree } from './tree.ts';

const workflowFields: readonly string[] = ['input', 'name', 'version', 'runId', 'startedAt', 'error'];
const stepFields: readonly string[] = ['output', 'status', 'error', 'branch', 'attempts', 'metadata'];
const signalFields: readonly string[] = ['payload'];
const loopFields: readonly string[] = ['item', 'index', 'parent'];

export function checkReferences(definition: WorkflowDefinition, tree: Tree, session: Session): void {
  const checker = new ReferenceChecker(definition, tree, session);
  for (const node of tree.nodes) for (const expression of expressionsOf(node.step)) checker.check(expression, node);
  if (definition.output?.kind === 'template')
    checker.check({ path: 'output', compiled: definition.output.template, moment: 'after' }, null);
}

interface Reading extends View {
  readonly path: string;
  readonly env: boolean;
  /** The loops around it, innermost first. */
  readonly loops: readonly LoopStep[];
  /** Where the path stands in its text; nothing when it is not found there. */
  readonly place: Pick<Issue, 'position' | 'excerpt'>;
}

class ReferenceChecker {
  readonly #definition: WorkflowDefinition;
  readonly #tree: Tree;
  readonly #session: Session;
  readonly #stateKeys: ReadonlySet<string> | null;
  readonly #inputKeys: readonly string[] | null;

  constructor(definition: WorkflowDefinition, tree: Tree, session: Session) {
    this.#definition = definition;
    this.#tree = tree;
    this.#session = session;
    this.#stateKeys = stateKeys(definition);
    this.#inputKeys = propertyNames(definition.input?.json);
  }

  check(expression: Expression, node: Node | null): void {
    const { compiled, moment = 'before', env = false, inside = false } = expression;
    const loops = node === null ? [] : loopsAround(node, inside);
    const places = 'places' in compiled ? compiled.places : compiled.paths.map((path) => ({ path, at: '' }));
    const seen = new Set<string>();
    for (const { path, at } of places) {
      const key = `${at}\n${path.source}`;
      if (seen.has(key)) continue;
      seen.add(key);
      this.#path(path, {
        node,
        moment,
        env,
        loops,
        path: under(expression.path, at),
        place: placeOf(path, at, compiled.source),
      });
    }
  }

  #path(path: Path, reading: Reading): void {
    switch (path.segments[0]) {
      case 'workflow':
        return this.#workflow(path, reading);
      case 'steps':
        return this.#step(path, reading);
      case 'vars':
        return this.#var(path, reading);
      case 'state':
        return this.#state(path, reading);
      case 'env':
        return this.#env(path, reading);
      case 'loop':
        return this.#loop(path, reading);
      case 'signal':
        // Known only in the `match` of a signal step: the compiler of the expression has checked it.
        this.#unknownField(path, 1, signalFields, reading);
        return undefined;
      default:
        // The `as` name of a loop: the compiler of the expression has checked it.
        return undefined;
    }
  }

  #add(code: string, { path, place }: Reading, message: string, details: IssueDetails = {}): void {
    this.#session.issues.add(code, path, message, { ...details, ...place });
  }

  #unknownField(path: Path, depth: number, known: readonly string[], reading: Reading): boolean {
    const name = path.segments[depth];
    if (name !== undefined && known.includes(name)) return false;
    const root = path.segments.slice(0, depth).join('.');
    const expected = known.map((field) => `${root}.${field}`).join(', ');
    if (name === undefined) this.#add('INCOMPLETE_PATH', reading, `{{${root}}} alone is no value`, { expected });
    else
      this.#add('UNKNOWN_FIELD', reading, `unknown field ${quote(name)} of ${root}`, {
        expected,
        ...this.#session.issues.didYouMean(name, known),
      });
    return true;
  }

  #workflow(path: Path, reading: Reading): void {
    if (this.#unknownField(path, 1, workflowFields, reading)) return;
    const [, field, key] = path.segments;
    if (field === 'error' && !isAfterFailure(reading.node)) {
      this.#add('ERROR_MISPLACED', reading, '{{workflow.error}} is there only in onFailure steps and compensations', {
        hint: 'the error of one step is {{steps.<id>.error}}',
      });
    }
    if (field === 'input' && key !== undefined && this.#inputKeys !== null && !this.#inputKeys.includes(key)) {
      const hint = this.#session.issues.didYouMean(key, this.#inputKeys, `its properties: ${list(this.#inputKeys)}`);
      this.#add('UNKNOWN_INPUT', reading, `the input schema has no property ${quote(key)}`, {
        severity: 'warning',
        ...hint,
      });
    }
  }

  #step(path: Path, reading: Reading): void {
    const [, id] = path.segments;
    const { issues, declaredIds } = this.#session;
    if (id === undefined) {
      this.#add('INCOMPLETE_PATH', reading, '{{steps}} alone is no value', { expected: 'steps.<id>.output' });
      return;
    }
    const target = this.#tree.byId.get(id);
    if (target === undefined) {
      if (!declaredIds.has(id))
        this.#add(
          'UNKNOWN_STEP',
          reading,
          `unknown step: step ${quote(id)} does not exist`,
          issues.didYouMean(id, this.#tree.byId.keys()),
        );
      return;
    }
    if (this.#unknownField(path, 2, stepFields, reading)) return;
    this.#report(reading, whyUnavailable(reading, target), '');
  }

  #var(path: Path, reading: Reading): void {
    const [, name] = path.segments;
    if (name === undefined) {
      this.#add('INCOMPLETE_PATH', reading, '{{vars}} alone is no value', { expected: 'vars.<name>' });
      return;
    }
    const writers = this.#tree.writers.get(name) ?? [];
    if (writers.length === 0) {
      const known = [...this.#tree.writers.keys()];
      const otherwise = known.length === 0 ? "a step names its output with output: '...'" : `known: ${list(known)}`;
      this.#add(
        'UNKNOWN_VAR',
        reading,
        `unknown var ${quote(name)}: no step has it as its output`,
        this.#session.issues.didYouMean(name, known, otherwise),
      );
      return;
    }
    let problem: Unavailable | null = null;
    for (const writer of writers) {
      const found = whyUnavailable(reading, writer);
      if (found === null) return;
      problem ??= found;
    }
    this.#report(reading, problem, `var ${quote(name)}: `);
  }

  #report(reading: Reading, problem: Unavailable | null, subject: string): void {
    if (problem === null) return;
    this.#add(
      problem.code,
      reading,
      subject + problem.message,
      problem.hint === undefined ? {} : { hint: problem.hint },
    );
  }

  #state(path: Path, reading: Reading): void {
    const [, key] = path.segments;
    if (this.#definition.state === null && this.#definition.stateSchema === null) {
      this.#add('NO_STATE', reading, 'the workflow has no state', {
        hint: 'declare it: setState({ ... }), in data: state',
      });
    } else if (key !== undefined && this.#stateKeys !== null && !this.#stateKeys.has(key)) {
      this.#add(
        'UNKNOWN_STATE',
        reading,
        `unknown key ${quote(key)} of state`,
        this.#session.issues.didYouMean(key, this.#stateKeys, `known: ${list([...this.#stateKeys])}`),
      );
    }
  }

  #env(path: Path, reading: Reading): void {
    if (path.segments.length !== 2) {
      this.#add('INCOMPLETE_PATH', reading, `{{${path.source}}} is no environment variable`, {
        expected: 'env.<NAME>',
      });
    } else if (!reading.env) {
      this.#add(
        'ENV_MISPLACED',
        reading,
        `{{${path.source}}} cannot stand here: values of env are secrets, put in at the moment of a call only`,
        {
          expected: 'url, headers, query, body and input of http and agent steps',
          hint: 'pass what is no secret as workflow input: {{workflow.input.<name>}}',
        },
      );
    }
  }

  #loop(path: Path, reading: Reading): void {
    if (reading.loops.length === 0) {
      this.#add('NOT_IN_LOOP', reading, `{{${path.source}}} stands outside of a loop`);
      return;
    }
    let depth = 1;
    for (; path.segments[depth] === 'parent'; depth += 1) {
      if (reading.loops[depth] !== undefined) continue;
      this.#add('NOT_IN_LOOP', reading, `{{${path.source}}} goes beyond the outermost loop`);
      return;
    }
    if (this.#unknownField(path, depth, loopFields, reading)) return;
    const loop = reading.loops[depth - 1];
    if (path.segments[depth] === 'item' && loop !== undefined && loop.mode !== 'items') {
      this.#add('NO_ITEM', reading, `a ${loop.mode} loop has no item`, {
        hint: 'use {{loop.index}}, or the outputs of the round before',
      });
    }
  }
}

/** Found again in the text it was read from: the compiled forms do not keep places. A text that is the tag alone needs no caret. */
function placeOf(path: Path, at: string, source: unknown): Pick<Issue, 'position' | 'excerpt'> {
  const text = parsePath(at).reduce<unknown>(
    (value, key) => (value as Readonly<Record<string | number, unknown>>)[key],
    source,
  );
  if (typeof text !== 'string') return {};
  const offset = text.indexOf(path.source);
  if (offset === -1) return {};
  const position = positionAt(text, offset);
  return text.trim() === `{{${path.source}}}` ? { position } : { position, excerpt: excerptAt(text, offset) };
}

function loopsAround(node: Node, inside: boolean): readonly LoopStep[] {
  const loops = chainOf(node).flatMap(({ container: { kind, owner } }) =>
    (kind === 'items' || kind === 'rounds') && owner?.step.type === 'loop' ? [owner.step] : [],
  );
  return inside && node.step.type === 'loop' ? [node.step, ...loops] : loops;
}

/** Whether the node runs once the workflow has failed. */
function isAfterFailure(node: Node | null): boolean {
  const chain = node === null ? [] : chainOf(node);
  return chain.some(({ container: { kind } }) => kind === 'onFailure' || kind === 'compensation');
}
