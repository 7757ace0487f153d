/**
 * What templates read of data from outside, so that generated data has it: a prompt `About {{workflow.input.topic}}` wants a topic.
 * Owns which places are read; what conditions need is chosen by the path and comes first.
 */
import { isPlainObject } from '../core/json.ts';
import { createTree, type Node, type Tree } from '../definition/checks/tree.ts';
import type { LoopStep, Step, WorkflowDefinition } from '../definition/definition.ts';
import { compileWorkflow } from '../../machines/workflow.ts';
import type { Program } from '../../machines/program.ts';
import type { Path } from '../expressions/path.ts';
import { composed } from './composed.ts';
import { allPrograms } from './programs.ts';
import { originsOf } from './readings.ts';
import { referencesOf, type Reference } from './references.ts';
import { placeIn, sampleOf } from './schema-shape.ts';

/** A place in the input, an answer or an item, and what may stand there where no schema says more. */
export interface Wanted {
  readonly segments: readonly string[];
  readonly sample: unknown;
}

export interface WantedData {
  readonly input: readonly Wanted[];
  /** By step id; the first segment is `output` or `metadata`. */
  readonly steps: ReadonlyMap<string, readonly Wanted[]>;
  /** Of the items of a loop, by its id. */
  readonly items: ReadonlyMap<string, readonly Wanted[]>;
}

export function wantedData(definition: WorkflowDefinition): WantedData {
  const tree = createTree(definition);
  const programs = allPrograms(compileWorkflow(definition).program);
  const input: Wanted[] = [];
  const steps = new Map<string, Wanted[]>();
  const items = new Map<string, Wanted[]>();
  const add = (to: Map<string, Wanted[]>, id: string, wanted: Wanted): void =>
    void to.set(id, [...(to.get(id) ?? []), wanted]);
  for (const reference of referencesOf(definition)) {
    if (reference.use === 'condition') continue;
    for (const path of reference.paths) {
      const sample = sampleFor(reference, path);
      const item = itemOf(tree, reference, path);
      if (item !== null) add(items, item.loop.id, { segments: item.rest, sample });
      for (const { step, segments } of origins(programs, path)) {
        if (step === null) input.push({ segments, sample });
        else add(steps, step.id, { segments, sample });
      }
    }
  }
  return { input, steps, items };
}

/** `data` with what is wanted of it and is not there; what was chosen for the path stays as it is. */
export function withWanted(
  data: unknown,
  wanted: readonly Wanted[],
  schema: unknown,
  chosen: readonly { readonly segments: readonly string[] }[],
): unknown {
  let made = data;
  for (const { segments: all, sample } of wanted) {
    const segments = all.at(-1) === 'length' ? all.slice(0, -1) : all;
    if (segments.length === 0 || chosen.some((each) => isAlong(each.segments, segments))) continue;
    if (readIn(made, segments) !== undefined) continue;
    const value = valueFor(schema, segments, sample);
    // Text stands for any value: it may be an object as well.
    const base = isPlainObject(made) ? Object.entries(made).map(([key, each]) => [[key], each] as const) : [];
    if (value !== undefined && (isPlainObject(made) || schema === null)) made = composed([...base, [segments, value]]);
  }
  return made;
}

function valueFor(schema: unknown, segments: readonly string[], sample: unknown): unknown {
  const place = schema === null ? null : placeIn(schema, segments);
  if (place === null || place.kind === 'open') return sample;
  return place.kind === 'there' ? sampleOf(place.schema) : undefined;
}

/** One is the other, or lies within it. */
function isAlong(one: readonly string[], other: readonly string[]): boolean {
  return one.every((each, at) => at >= other.length || other[at] === each);
}

function readIn(data: unknown, segments: readonly string[]): unknown {
  let current = data;
  for (const key of segments) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Readonly<Record<string, unknown>>)[key];
  }
  return current;
}

function origins(
  programs: readonly Program[],
  path: Path,
): readonly { readonly step: Step | null; readonly segments: readonly string[] }[] {
  const found = new Map(
    programs.flatMap((program) =>
      originsOf(program, path).map((origin) => [`${origin.step?.id ?? ''} ${origin.key}`, origin] as const),
    ),
  );
  return [...found.values()];
}

function ownerOf(node: Node | undefined): Node | null {
  return node?.container.owner ?? null;
}

/** What begins a URL is an address. */
function sampleFor({ reader, path: place }: Reference, { source }: Path): unknown {
  const isAddress = reader?.type === 'http' && place === `${reader.path}.url`;
  const text = isAddress && typeof reader.url.source === 'string' ? reader.url.source : '';
  const [, first] = /^\{\{[{&]?\s*([^\s}]+)/.exec(text) ?? [];
  return first === source ? 'https://example.com/' : 'text';
}

/** The loop whose item a path reads: the nearest around the reader, or the one that calls its items so. */
function itemOf(
  tree: Tree,
  { reader }: Reference,
  { segments: [root, name, ...rest] }: Path,
): { readonly loop: LoopStep; readonly rest: readonly string[] } | null {
  if (reader === null) return null;
  for (let node = ownerOf(tree.byId.get(reader.id)); node !== null; node = ownerOf(node)) {
    const { step: loop } = node;
    if (loop.type !== 'loop' || loop.mode !== 'items') continue;
    if (root === 'loop' && name === 'item') return { loop, rest };
    if (loop.as !== null && root === loop.as) return { loop, rest: name === undefined ? [] : [name, ...rest] };
  }
  return null;
}
