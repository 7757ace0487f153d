/**
 * Values that stand for all others: for each value from outside that guards read, one of every kind that the conditions can tell
 * apart. They are found by trying: the literals of the conditions and what lies around them, what a schema lists, and a few
 * values of every type. A condition for which no data was found that makes it true (or false) is `free`: its verdict is
 * chosen without data, so that no path is lost.
 */
import { Choice } from '../core/choice.ts';
import type { Condition } from '../expressions/condition.ts';
import type { ConditionNode } from '../expressions/condition/ast.ts';
import { compileTree } from '../expressions/condition/translation.ts';
import type { Path } from '../expressions/path.ts';
import type { ValueTemplate } from '../expressions/value-template.ts';
import type { Json } from '../core/json.ts';
import type { Step } from '../definition/definition.ts';
import type { Program } from '../../machines/program.ts';
import { chosenValue } from '../../machines/choice-of.ts';
import { makingOf, type Making } from './feeding.ts';
import { opaqueOf, type Opaque } from './opaque.ts';
import {
  decidedBy,
  originName,
  originsOf,
  readingsOf,
  stateKeyOf,
  switchedBy,
  type Origin,
  type Reading,
} from './readings.ts';
import { isTagAlone } from './templates.ts';
import { atomsOf, isComparison, literalsOf, parts, verdictText, type Atom } from './atoms.ts';
import { around, mayBe, outputSchema, poolOf, sampleAt } from './values-to-try.ts';

interface Known {
  readonly origin: Origin;
  readonly atoms: Atom[];
  values: readonly unknown[];
}

export interface Freedom {
  /** It looks at state whose value cannot be known. */
  readonly isOpaque: boolean;
  /** The parts of a condition whose verdict is chosen. */
  readonly parts: ReadonlySet<ConditionNode> | 'all';
}

export class Candidates {
  readonly #known = new Map<string, Known>();
  readonly #free = new Map<Condition | ValueTemplate, Freedom>();
  readonly #inputSchema: Json | null;

  constructor(program: Program) {
    this.#inputSchema = program.definition.input?.json ?? null;
    const readings = readingsOf(program);
    for (const reading of readings) for (const part of atomsOf(reading)) this.#note(part);
    for (const known of this.#known.values()) known.values = this.#valuesOf(known);
    const { keys } = opaqueOf(program);
    for (const reading of readings) {
      if (reading.place === 'assign') continue;
      const decision = decidedBy(reading);
      if (decision === null) continue;
      const freedom = this.#freedomOf(reading, keys);
      if (freedom !== null) this.#free.set(decision, freedom);
    }
  }

  /** At least one value; what stands first is the simplest. */
  of(origin: Origin): readonly unknown[] {
    return this.#known.get(originName(origin))?.values ?? [sampleAt(this.#schemaOf(origin), origin) ?? 'text'];
  }

  /** Two values with the same signature are the same to every condition. */
  signatureOf(origin: Origin, value: unknown): string {
    const atoms = this.#known.get(originName(origin))?.atoms ?? [];
    return atoms.map((part) => verdictText(part, value)).join('|');
  }

  /** How far no data decides it; null: data decides it. */
  freedomOf(decision: Condition | ValueTemplate): Freedom | null {
    return this.#free.get(decision) ?? null;
  }

  #freedomOf(reading: Reading, keys: Opaque['keys']): Freedom | null {
    const { program } = reading;
    const makings = (paths: readonly Path[]): readonly Making[] =>
      paths.map((path) => makingOf(program, path, (key) => keys === 'all' || keys.has(key)));
    const isOpaque = makings(reading.paths).includes('opaque');
    if (reading.condition === null) {
      const isFree = isOpaque || this.#isFree(reading) || isPutTogether(makings(reading.paths), true);
      return isFree ? { isOpaque, parts: 'all' } : null;
    }
    const free = parts(reading.condition.ast).filter((part) => {
      const { paths } = compileTree(part);
      return isPutTogether(makings(paths), !isComparison(part)) || isWithMachineValue(program, paths);
    });
    if (free.length > 0) return { isOpaque, parts: new Set(free) };
    return this.#isFree(reading) ? { isOpaque, parts: 'all' } : null;
  }

  #note(atom: Atom): void {
    const names = new Set<string>();
    for (const path of atom.paths) {
      for (const origin of originsOf(atom.reading.program, path)) {
        const name = originName(origin);
        const known: Known = this.#known.get(name) ?? { origin, atoms: [], values: [] };
        this.#known.set(name, known);
        if (!names.has(name)) known.atoms.push(atom);
        names.add(name);
      }
    }
  }

  #schemaOf({ step }: Origin): Json | null {
    if (step === null) return this.#inputSchema;
    return outputSchema(step);
  }

  #valuesOf({ origin, atoms }: Known): readonly unknown[] {
    const schema = this.#schemaOf(origin);
    const pool = distinct(poolOf(origin, atoms, schema)).filter((value) => mayBe(schema, origin, value));
    const seen = new Set<string>();
    const result: unknown[] = [];
    for (const value of pool) {
      const signature = this.signatureOf(origin, value);
      if (seen.has(signature)) continue;
      seen.add(signature);
      result.push(value);
    }
    return result.length === 0 ? [sampleAt(schema, origin)] : result;
  }

  #isFree({ program, step, condition, paths }: Reading): boolean {
    // A text that is put together: which texts there are is not known.
    if (condition === null) return paths.length > 0 && !isTagAlone(switchedBy(program, step));
    if (condition.paths.length === 0) return false;
    const samples = condition.paths.map((path) => this.#samplesOf(program, path, condition));
    const hasData = condition.paths.some((path) => stateKeyOf(path) !== null || originsOf(program, path).length > 0);
    if (!hasData) return false;
    const verdicts = new Set<boolean>();
    for (const values of combinations(samples)) {
      const bySource = new Map(condition.paths.map((path, at) => [path.source, values[at]]));
      try {
        verdicts.add(condition.test((path) => bySource.get(path.source)));
      } catch {
        // Data for which the condition has no verdict: the run would fail there.
      }
      if (verdicts.size === 2) return false;
    }
    return true;
  }

  #samplesOf(program: Program, path: Path, condition: Condition): readonly unknown[] {
    const values = originsOf(program, path).flatMap((origin) => this.of(origin));
    const made = machineValues(program, path, condition);
    return distinct([...values, ...made]);
  }
}

/** What was put together on the way is looked at, and may be looked into; or nobody knows what it is. */
function isPutTogether(makings: readonly Making[], looksInside: boolean): boolean {
  return makings.some(
    (making) => making === 'unknown' || making === 'opaque' || (looksInside && making === 'composite'),
  );
}

/** One value from outside is compared with one that a run makes: with any such value it may agree, or not. */
function isWithMachineValue(program: Program, paths: readonly Path[]): boolean {
  if (paths.length < 2) return false;
  const isFromOutside = (path: Path): boolean => originsOf(program, path).length > 0;
  const isMade = (path: Path): boolean =>
    stateKeyOf(path) !== null || !isFromOutside(path) || originsOf(program, path).some(({ step }) => givesKnown(step));
  return paths.some(isFromOutside) && paths.some(isMade);
}

/** Whether what a step gives may be written down in the workflow. */
function givesKnown(step: Step | null): boolean {
  if (step === null) return false;
  if (step.onError.kind === 'output' || (step.type === 'human' && step.form === null)) return true;
  return step.type === 'transform' && step.template?.constant === true;
}

/** What the machine itself puts at a path. */
function machineValues(program: Program, path: Path, condition: Condition): readonly unknown[] {
  const [root, name, field] = path.segments;
  if (root === 'steps' || root === 'vars') {
    const index = root === 'steps' ? program.byId.get(name ?? '') : program.vars.get(name ?? '')?.[0];
    const step = index === undefined ? undefined : program.steps[index]?.step;
    if (field === 'status') return ['completed', 'failed', 'skipped', undefined];
    if (field === 'attempts') return [1, 2, 3];
    if (step !== undefined && (step.type === 'conditional' || step.type === 'switch'))
      return [...branchesOf(step).map((branch) => choice(step, branch, field)), undefined];
    return [undefined, null, ...(field === 'error' ? literalsOf(condition.ast) : [])];
  }
  if (root === 'loop') return [0, 1, 2, 3];
  if (root === 'state') return [...literalsOf(condition.ast).flatMap(around), null, 0, 1];
  return literalsOf(condition.ast);
}

function branchesOf(step: Step): readonly string[] {
  if (step.type === 'conditional') return ['then', 'else'];
  return step.type === 'switch' ? [...step.cases.map(({ key }) => key), 'default'] : [];
}

function choice(step: Step, branch: string, field: string | undefined): unknown {
  return field === 'branch' ? branch : new Choice(chosenValue(step, branch), [branch]);
}

const maxCombinations = 4_096;

function* combinations(lists: readonly (readonly unknown[])[]): Generator<readonly unknown[]> {
  const total = lists.reduce((product, list) => product * Math.max(1, list.length), 1);
  for (let at = 0; at < Math.min(total, maxCombinations); at++) {
    let rest = at;
    yield lists.map((list) => {
      const value = list[rest % Math.max(1, list.length)];
      rest = Math.floor(rest / Math.max(1, list.length));
      return value;
    });
  }
}

function distinct(values: readonly unknown[]): readonly unknown[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const text =
      value === undefined
        ? 'undefined'
        : value instanceof Choice
          ? `choice ${[...value.aliases].join()}`
          : JSON.stringify(value);
    return !seen.has(text) && Boolean(seen.add(text));
  });
}
