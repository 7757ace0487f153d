/**
 * The lines of an archive: JSON Lines, each an object with its `record` first and its checksum last. Owns the form of one line;
 * what follows what is the writer's and the reader's. Never change it: archives outlive releases (`archiveFormat`).
 */
import { crc32 } from 'node:zlib';
import { WorkflowError } from '../../core/errors.ts';
import { isPlainObject } from '../../core/json.ts';

/** Of archives that this release writes, and the only one that it reads. */
export const archiveFormat = 1;

export interface ArchiveRecord {
  readonly record: string;
  readonly [name: string]: unknown;
}

/** Without the line's end. */
export function encodeLine(record: ArchiveRecord): string {
  const text = JSON.stringify(record).slice(0, -1);
  return `${text},"sum":"${sumOf(text)}"}`;
}

/** @param number of the line, 1-based @throws WorkflowError REQUEST_INVALID */
export function decodeLine(line: string, number: number): ArchiveRecord {
  const [, text = '', sum] = /^(\{"record":".*),"sum":"([\da-f]{8})"\}$/s.exec(line) ?? [];
  if (sum === undefined) throw badLine(number, 'it is no line of an archive, or was cut short');
  if (sumOf(text) !== sum) throw badLine(number, 'its checksum does not fit: it is damaged, or was changed by hand');
  const record: unknown = JSON.parse(`${text}}`);
  if (isPlainObject(record) && typeof record['record'] === 'string') return record as ArchiveRecord;
  throw badLine(number, 'it is no record');
}

function sumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}

export function badLine(number: number, what: string): WorkflowError {
  const message = `Line ${number} of the archive cannot be used: ${what}`;
  return new WorkflowError('REQUEST_INVALID', message, { details: { line: number } });
}

/** A stored JSON text as a member of a line: as data where that gives the very text again, else as the text. */
export function textMember(text: string): { readonly data: unknown } | { readonly text: string } {
  try {
    const data: unknown = JSON.parse(text);
    return JSON.stringify(data) === text ? { data } : { text };
  } catch {
    return { text };
  }
}

/** The other way round. */
export function memberText(record: ArchiveRecord, number: number): string {
  if (typeof record['text'] === 'string') return record['text'];
  if ('data' in record) return JSON.stringify(record['data']);
  throw badLine(number, 'it has neither data nor text');
}
