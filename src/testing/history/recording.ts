/**
 * Histories that were exported (`dank-workflow export`, `exportRuns`), read for tests: runs, what is below them, and the values that
 * they refer to. Secrets were masked before anything was stored, so a recording holds none. Owns no judgement of them.
 */
import { createAgentRegistry } from '../../agents/registry.ts';
import { WorkflowError } from '../../core/errors.ts';
import type { Recorded } from '../../core/event.ts';
import type { StoredEvent } from '../../core/ports.ts';
import type { RunRow } from '../../core/run.ts';
import type { ValueLoader } from '../../core/stored-value.ts';
import type { WorkflowDefinition } from '../../definition/index.ts';
import { Catalog } from '../../engine/runs/catalog.ts';
import { decodeEvent } from '../../engine/drive/codec.ts';
import { Values } from '../../engine/dispatch/values.ts';
import { machineFormat } from '../../../machines/workflow.ts';
import { readArchive } from '../../store/archive/import.ts';

/** The text of an archive, or its lines without their ends. */
export type RecordingText = string | Iterable<string> | AsyncIterable<string>;

export interface RecordedRun {
  readonly row: RunRow;
  readonly events: readonly Recorded[];
}

export interface Recording {
  /** Each before those that are below it. */
  readonly runs: readonly RecordedRun[];
  readonly values: ValueLoader;
  /** The definition that a run was bound to. @throws WorkflowError STORE_INVALID when it is not in the recording */
  definitionOf(run: Pick<RunRow, 'workflow' | 'version'>, hash: string): WorkflowDefinition;
}

/** @throws WorkflowError REQUEST_INVALID with the line that is no line of an archive, or of one of another release */
export async function readRecording(text: RecordingText): Promise<Recording> {
  const runs = new Map<string, RecordedRun>();
  const stored = new Map<string, readonly StoredEvent[]>();
  const definitions = new Map<string, string>();
  const lines = typeof text === 'string' ? text.split(/\r?\n/).filter((line) => line !== '') : text;
  for await (const { definitions: found, commits } of readArchive(lines, true)) {
    for (const { hash, canonical } of found) definitions.set(hash, canonical);
    for (const { run, create, events } of commits) {
      if (create === undefined) continue;
      checkFormat(create);
      stored.set(run, events);
      runs.set(run, { row: create, events: events.map(decodeEvent) });
    }
  }
  const values = new Values({
    readRun: (id) => runs.get(id)?.row ?? null,
    readEvent: (id, seq) => stored.get(id)?.[seq - 1] ?? null,
  });
  const catalog = new Catalog([], createAgentRegistry(), {
    readDefinition: (hash) => definitions.get(hash) ?? null,
  });
  return {
    runs: [...runs.values()],
    values,
    definitionOf: ({ workflow, version }, hash) => catalog.ofRun({ workflow, version, hash }),
  };
}

function checkFormat({ id, format }: RunRow): void {
  if (format !== machineFormat)
    throw new WorkflowError(
      'REQUEST_INVALID',
      `run '${id}' was recorded with machine format ${format}, this release has ${machineFormat}: record it anew`,
    );
}
