/**
 * Checksums of stored rows: they find bits that flipped on the disk and rows that were edited or moved by hand, not an
 * attacker. Owns what they cover; never change it without a migration.
 */
import { crc32 } from 'node:zlib';
import { WorkflowError } from '../../core/errors.ts';

/**
 * Covers all columns of a history row; `run` is the integer key. The short columns are mixed into the seed, and not a text
 * of their own, as this is computed for every event.
 */
export function eventSum(run: number, seq: number, at: number, type: string, data: string): number {
  return signed(crc32(data, (seed(run, seq, at) ^ typeSum(type)) >>> 0));
}

/** `asleep`: as stored; null gives the sum that checkpoints had before there were sleeping runs. */
export function checkpointSum(run: number, seq: number, snapshot: string, asleep: number | null): number {
  return signed(crc32(snapshot, seed(run, seq, asleep === null ? 0 : asleep + 1)));
}

export function timerSum(run: number, name: string, dueAt: number, setBy: number): number {
  return signed(crc32(name, seed(run, setBy, dueAt)));
}

export function textSum(text: string): number {
  return signed(crc32(text));
}

/** Of a value and the name it is found by. */
export function namedSum(key: string, value: string): number {
  return signed(crc32(value, crc32(key)));
}

const knownTypes = new Map<string, number>();
const maxKnownTypes = 64;

/** Event types are a few words: each is summed once. Bounded, as a damaged row may hold any text. */
function typeSum(type: string): number {
  const known = knownTypes.get(type);
  if (known !== undefined) return known;
  const sum = crc32(type);
  if (knownTypes.size < maxKnownTypes) knownTypes.set(type, sum);
  return sum;
}

/** Odd factors: a change of any one bit of the three changes the seed. */
function seed(run: number, seq: number, at: number): number {
  const high = Math.floor(at / 0x1_0000_0000);
  return (
    (Math.imul(run, 0x9e3779b1) ^
      Math.imul(seq, 0x85ebca6b) ^
      Math.imul(at, 0xc2b2ae35) ^
      Math.imul(high, 0x27d4eb2f)) >>>
    0
  );
}

/** As a signed number: SQLite then needs four bytes, not six. */
function signed(sum: number): number {
  return sum | 0;
}

/** A row is not what was written: only what it belongs to is affected. */
export function checksumError(subject: string, details: Readonly<Record<string, unknown>>): WorkflowError {
  return new WorkflowError(
    'STORE_INVALID',
    `${subject} is damaged: its checksum does not fit (corrupt disk, or changed by hand); it is not used. Restore it from a backup`,
    { details },
  );
}
