/**
 * An answer that comes as server-sent events: each event's `data` is text, or a JSON object with `delta`, `text` or
 * `response`; joined they are the answer's text. `[DONE]` ends it, an event `error` fails it. Owns the reading of events;
 * size and time are limited where the bytes come in.
 */
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { isPlainObject } from '../core/json.ts';
import { parseJson } from './content.ts';

export interface EventStreamSummary {
  /** The joined text. */
  readonly text: string;
  /** Number of events. */
  readonly events: number;
  /** The other fields of JSON events (usage, model, ...); of equal names the last. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface EventStream {
  push(bytes: Buffer): void;
  /** The bytes are over (or `[DONE]` was seen). */
  end(): EventStreamSummary;
  /** `[DONE]` was seen: what follows does not count. */
  readonly isDone: boolean;
  /** The text of an event `error`, or null. */
  readonly failure: string | null;
}

/** Events with these names keep the connection alive or mark its end; their plain data is no text. */
const silentEvents = new Set(['ping', 'heartbeat', 'keepalive', 'keep-alive', 'open', 'done', 'end', 'close']);
const textFields = ['delta', 'text', 'response'] as const;

/** `onText` gets each piece of text as it comes. */
export function createEventStream(onText: (text: string) => void): EventStream {
  const decoder = new TextDecoder('utf-8');
  const pieces: string[] = [];
  const fields = new Map<string, unknown>();
  let events = 0;
  let isDone = false;
  let failure: string | null = null;

  const give = (text: string) => {
    if (text === '') return;
    pieces.push(text);
    onText(text);
  };
  const onEvent = ({ event = 'message', data }: EventSourceMessage) => {
    if (isDone || failure !== null) return;
    events += 1;
    if (data.trim() === '[DONE]') isDone = true;
    else if (event === 'error') failure = errorText(data);
    else readData(event, data);
  };
  const readData = (event: string, data: string) => {
    const object = jsonObject(data);
    if (object === null) {
      if (!silentEvents.has(event)) give(data);
      return;
    }
    const name = textFields.find((field) => typeof object[field] === 'string');
    for (const [key, value] of Object.entries(object)) if (key !== name) fields.set(key, value);
    if (name === undefined) return;
    const text = String(object[name]);
    // Some servers close with the whole `response` once more.
    if (name !== 'response' || text !== pieces.join('')) give(text);
  };
  const parser = createParser({ onEvent });
  return {
    push: (bytes) => parser.feed(decoder.decode(bytes, { stream: true })),
    end: () => {
      // A last event without its closing blank line counts too.
      if (!isDone) parser.feed(`${decoder.decode()}\n\n`);
      return { text: pieces.join(''), events, fields: Object.fromEntries(fields) };
    },
    get isDone() {
      return isDone;
    },
    get failure() {
      return failure;
    },
  };
}

function jsonObject(data: string): Record<string, unknown> | null {
  if (!data.trimStart().startsWith('{')) return null;
  const parsed = parseJson(data);
  return 'value' in parsed && isPlainObject(parsed.value) ? parsed.value : null;
}

function errorText(data: string): string {
  const object = jsonObject(data);
  const text = object === null ? data : [object['message'], object['error']].find((value) => typeof value === 'string');
  return typeof text === 'string' ? text : data;
}
