/**
 * What expressions read of other steps, and what it means for each place when the value is not there. Owns the places; whether a
 * value can be missing is found in `check-values.ts`.
 */
import { createTree, type Node, type Tree } from '../definition/checks/tree.ts';
import { quote } from '../definition/describe.ts';
import { expressionsOf } from '../definition/types/index.ts';
import type { Expression } from '../definition/step-kind.ts';
import type { Step, WorkflowDefinition } from '../definition/definition.ts';
import type { Condition } from '../expressions/condition.ts';
import type { ConditionNode } from '../expressions/condition/ast.ts';
import { compileTemplate, type Template } from '../expressions/template.ts';
import type { Path } from '../expressions/path.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import { rootsOf, textAt } from './templates.ts';

/** How a place takes a value that is not there. */
export type Use =
  /** Inside text: the step fails. */
  | 'text'
  /** A prompt: an agent is never sent an empty one. */
  | 'prompt'
  /** It must be there: items, a time. */
  | 'needed'
  /** A whole value: left out. */
  | 'whole'
  | 'output'
  | 'condition';

/** One place that reads one value, or the first of several that is there. */
export interface Reference {
  /** The step that reads; null: the workflow's output. */
  readonly reader: Step | null;
  readonly moment: 'gate' | 'before' | 'during' | 'after';
  readonly use: Use;
  /** Where: `steps[3].input.prompt`. */
  readonly path: string;
  readonly paths: readonly Path[];
}

export function referencesOf(definition: WorkflowDefinition): readonly Reference[] {
  const tree = createTree(definition);
  const ofSteps = tree.nodes.flatMap((node) => expressionsOf(node.step).flatMap((each) => ofExpression(node, each)));
  const { output } = definition;
  const ofOutput =
    output?.kind === 'template'
      ? ofTemplate(output.template, { reader: null, moment: 'after', path: 'output' }, () => 'output')
      : [];
  return [...ofSteps, ...ofOutput];
}

type About = Pick<Reference, 'reader' | 'moment' | 'path'>;

function ofExpression({ step }: Node, { compiled, path, moment = 'before' }: Expression): readonly Reference[] {
  if ('ast' in compiled) return ofCondition(compiled, { reader: step, moment: gateOr(step, path, moment), path });
  return ofTemplate(compiled, { reader: step, moment, path }, (at) => useOf(step, path, at));
}

function gateOr(step: Step, path: string, moment: Reference['moment']): Reference['moment'] {
  return path === `${step.path}.condition` && step.type !== 'conditional' && step.type !== 'wait' ? 'gate' : moment;
}

function useOf(step: Step, path: string, at: string): Use {
  const field = path.slice(step.path.length + 1);
  if (step.type === 'agent' && step.action === 'prompt' && field === 'input' && (at === 'prompt' || at === ''))
    return 'prompt';
  if (step.type === 'loop' && field === 'items' && at === '') return 'needed';
  if (step.type === 'wait' && (field === 'until' || field === 'duration')) return 'needed';
  if (step.type === 'http' && field === 'url') return 'text';
  return 'whole';
}

function ofTemplate(template: ValueTemplate, about: About, use: (at: string) => Use): readonly Reference[] {
  const places = new Set(template.places.map(({ at }) => at));
  return [...places].flatMap((at): readonly Reference[] => {
    const text = textAt(template.source, at);
    // Sections are empty over what is missing.
    if (text === null || /\{\{[#^]/.test(text)) return [];
    const compiled = compileTemplate(text, { roots: rootsOf(text) });
    const here = at === '' ? about.path : `${about.path}${at.startsWith('[') ? '' : '.'}${at}`;
    if (compiled.kind === 'text')
      return compiled.paths.map((each) => ({ ...about, path: here, use: 'text', paths: [each] }));
    return hasLastResort(compiled) ? [] : [{ ...about, path: here, use: use(at), paths: compiled.paths }];
  });
}

/** `{{a}} || "none"` */
function hasLastResort(template: Template): boolean {
  return template.kind === 'fallback' && template.render(() => undefined) !== undefined;
}

/** What a condition asks for only to see whether it is there is left out. */
function ofCondition(condition: Condition, about: About): readonly Reference[] {
  const asked = askedFor(condition.ast);
  return condition.paths
    .filter(({ source, segments }) => !asked.has(source) && !asked.has(`steps.${segments[1] ?? ''}.status`))
    .map((path) => ({ ...about, use: 'condition', paths: [path] }));
}

/** Sources of paths that are looked at for being there: `!{{a}}`, `{{a}} === null`, `isEmpty({{a}})`, `{{a}}` alone; and statuses. */
function askedFor(root: ConditionNode): ReadonlySet<string> {
  const asked = new Set<string>();
  const add = (node: ConditionNode): void => {
    if (node.kind === 'tag') asked.add(node.path.source);
  };
  const open: { readonly node: ConditionNode; readonly isVerdict: boolean }[] = [{ node: root, isVerdict: true }];
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    const { node, isVerdict } = each;
    const push = (inner: ConditionNode, verdict = false): void => void open.push({ node: inner, isVerdict: verdict });
    switch (node.kind) {
      case 'tag':
        if (isVerdict || node.path.segments[2] === 'status') add(node);
        break;
      case 'unary':
        push(node.operand, node.operator === '!');
        break;
      case 'logical':
        for (const operand of node.operands) push(operand, true);
        break;
      case 'conditional':
        push(node.test, true);
        push(node.whenTrue);
        push(node.whenFalse);
        break;
      case 'call':
        if (node.name === 'isEmpty') node.args.forEach(add);
        for (const arg of node.args) push(arg);
        break;
      case 'binary':
        if (isNothing(node.left)) add(node.right);
        if (isNothing(node.right)) add(node.left);
        push(node.left);
        push(node.right);
        break;
      case 'list':
        for (const item of node.items) push(item);
        break;
      case 'literal':
        break;
    }
  }
  return asked;
}

function isNothing(node: ConditionNode): boolean {
  return node.kind === 'literal' && (node.value === null || node.value === undefined);
}

/** The steps whose outputs a path reads; any one of them will do (a var that several steps write). */
export function stepsRead(
  tree: Tree,
  { segments }: Path,
): readonly { readonly step: Step; readonly rest: readonly string[] }[] {
  const [root, name, field, ...rest] = segments;
  if (root === 'vars') {
    const below = segments.slice(2);
    return (tree.writers.get(name ?? '') ?? []).map(({ step }) => within(step, below));
  }
  const node = root === 'steps' && field === 'output' ? tree.byId.get(name ?? '') : undefined;
  return node === undefined ? [] : [within(node.step, rest)];
}

/** Into the branches of a parallel step. */
function within(step: Step, rest: readonly string[]): { readonly step: Step; readonly rest: readonly string[] } {
  const [first, ...others] = rest;
  const branch = step.type === 'parallel' ? step.steps.find(({ id }) => id === first) : undefined;
  return branch === undefined ? { step, rest } : within(branch, others);
}

/** Where it stands, in words. */
export function placeOf({ reader, path }: Reference): string {
  return reader === null
    ? 'the output of the workflow'
    : `step ${quote(reader.id)} (${path.slice(reader.path.length + 1)})`;
}
