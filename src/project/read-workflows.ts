/** From what a workflow file lists to definitions: builders, definitions, plain data, and paths of YAML and JSON files. */
import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { joinPath, type Issue } from '../core/issue.ts';
import { isPlainObject } from '../core/json.ts';
import {
  loadJson,
  loadYaml,
  parseDefinition,
  toDefinition,
  type ParseOptions,
  type Workflow,
  type WorkflowDefinition,
} from '../definition/index.ts';
import { under } from '../definition/issue-list.ts';
import { readYaml } from '../definition/text/document.ts';
import { locate } from '../definition/text/locate.ts';
import { issuesOf } from './foreign-error.ts';
import { isWorkflow } from './read-exports.ts';

/** A mistake or warning, and the file it is in. */
export interface FileIssue {
  readonly file: string;
  readonly issue: Issue;
}

/** A workflow with its file, and how to tell the place of something in it. */
export interface FoundWorkflow {
  readonly definition: WorkflowDefinition;
  readonly file: string;
  /** The issue as seen from the file: its path, in texts its position. */
  place(issue: Issue): Issue;
}

export interface ReadWorkflows {
  readonly found: readonly FoundWorkflow[];
  readonly issues: readonly FileIssue[];
}

/** Reads all entries of a file. Never throws on bad ones. */
export async function readWorkflows(
  entries: readonly unknown[],
  file: string,
  dir: string,
  options: ParseOptions,
): Promise<ReadWorkflows> {
  const results = await Promise.all(
    entries.map(async (entry, index) => {
      if (typeof entry === 'string') return readText(resolve(dir, entry), options);
      return readEntry(entry, { file, index, isAlone: entries.length === 1, options });
    }),
  );
  return { found: results.flatMap(({ found }) => found), issues: results.flatMap(({ issues }) => issues) };
}

export async function readText(file: string, options: ParseOptions): Promise<ReadWorkflows> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const reason =
      error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'there is no such file' : String(error);
    return { found: [], issues: [{ file, issue: { code: 'FILE_NOT_LOADED', path: '', message: reason } }] };
  }
  const result = extname(file) === '.json' ? loadJson(bytes, options) : loadYaml(bytes, options);
  if (result.issues !== undefined) return { found: [], issues: result.issues.map((issue) => ({ file, issue })) };
  const text = new TextDecoder().decode(bytes);
  const found = result.definitions.map((definition, index) => ({
    definition,
    file,
    place: (issue: Issue) => placeInText(issue, text, index),
  }));
  return { found, issues: [] };
}

/** The text is known to be readable. */
function placeInText(issue: Issue, text: string, index: number): Issue {
  const document = readYaml(text);
  if ('issues' in document) return issue;
  const inList = isPlainObject(document.data) && Object.hasOwn(document.data, 'workflows');
  return locate(inList ? { ...issue, path: under(joinPath('workflows', index), issue.path) } : issue, document);
}

interface EntryPlace {
  readonly file: string;
  readonly index: number;
  readonly isAlone: boolean;
  readonly options: ParseOptions;
}

function readEntry(entry: unknown, { file, index, isAlone, options }: EntryPlace): ReadWorkflows {
  const result = definitionOf(entry, options);
  const name = 'definition' in result ? result.definition.name : nameOf(entry);
  const prefix = isAlone ? '' : (name ?? joinPath('workflows', index));
  // A position is one within a text of the definition: it says nothing about the file, which is code.
  const place = ({ position: _within, ...issue }: Issue): Issue => ({ ...issue, path: under(prefix, issue.path) });
  if ('definition' in result) return { found: [{ definition: result.definition, file, place }], issues: [] };
  return { found: [], issues: result.issues.map((issue) => ({ file, issue: place(issue) })) };
}

function definitionOf(
  entry: unknown,
  options: ParseOptions,
): { readonly definition: WorkflowDefinition } | { readonly issues: readonly Issue[] } {
  if (!isWorkflow(entry)) {
    const { definition, issues } = parseDefinition(entry, options);
    return definition === undefined ? { issues } : { definition };
  }
  try {
    return { definition: toDefinition(entry as Workflow | WorkflowDefinition) };
  } catch (error) {
    return {
      issues: issuesOf(error) ?? [
        { code: 'FILE_NOT_LOADED', path: '', message: error instanceof Error ? error.message : String(error) },
      ],
    };
  }
}

/** What a builder or plain data that cannot be read is called. */
function nameOf(entry: unknown): string | null {
  const named = isPlainObject(entry)
    ? (entry['id'] ?? entry['name'])
    : isWorkflow(entry)
      ? (entry as Workflow).name
      : null;
  return typeof named === 'string' ? named : null;
}
