/** From the path of a mistake (`workflows[0].steps[2].input.prompt`) to its place in the YAML text. */
import type { Node, Pair } from 'yaml';
import type { Issue } from '../../core/issue.ts';
import { parsePath } from '../path-text.ts';
import { isMap, isScalar, isSeq, startOf, type YamlDocument, type YamlSource } from './document.ts';

/** The issue with its place in the file. A place within a text (a caret in a condition) is added where it can be. */
export function locate(issue: Issue, document: YamlDocument): Issue {
  const { source } = document;
  const found = find(parsePath(issue.path), document);
  const atKey = issue.code === 'UNKNOWN_FIELD' || issue.code === 'NOT_SUPPORTED_YET' || found.value === null;
  if (atKey && found.key !== null) return { ...issue, position: source.position(startOf(found.key)) };
  const offset =
    startOf(found.value ?? found.key) +
    (issue.position === undefined ? 0 : offsetWithin(found.value, issue.position.offset, source));
  return { ...issue, position: source.position(offset) };
}

interface Found {
  readonly key: Node | null;
  readonly value: Node | null;
}

/** The deepest part of the path that is there. */
function find(segments: readonly (string | number)[], { root, source }: YamlDocument): Found {
  let found: Found = { key: null, value: root };
  for (const segment of segments) {
    const inside = source.resolve(found.value);
    const next = isMap(inside)
      ? member(inside.items, String(segment))
      : isSeq(inside) && typeof segment === 'number'
        ? item(inside.items[segment])
        : null;
    if (next === null) return found;
    found = next;
  }
  return found;
}

function member(pairs: readonly Pair[], name: string): Found | null {
  const pair = pairs.find(({ key }) => isScalar(key) && String(key.value) === name);
  return pair === undefined ? null : { key: pair.key as Node, value: pair.value as Node | null };
}

function item(node: unknown): Found | null {
  return node === undefined || node === null ? null : { key: null, value: node as Node };
}

/** Only where the text stands in the file as it is: no escapes, no folding. */
function offsetWithin(node: Node | null, offset: number, { text }: YamlSource): number {
  if (!isScalar(node) || typeof node.value !== 'string' || node.range === undefined || node.range === null) return 0;
  const [start, end] = node.range;
  const raw = text.slice(start, end);
  if (raw === node.value) return offset;
  return raw.slice(1, -1) === node.value ? offset + 1 : 0;
}
