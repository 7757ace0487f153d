import { describe, expect, test } from 'vitest';
import { maxJsonDepth, parseContentType, parseJson } from '../../src/http/content.ts';

describe('content types', () => {
  test.each([
    ['application/json', 'application/json', 'json', null],
    ['Application/JSON; Charset="UTF-8"', 'application/json', 'json', 'utf-8'],
    ['application/vnd.api+json;x=1; charset = latin1 ', 'application/vnd.api+json', 'json', 'latin1'],
    ['text/html', 'text/html', 'text', null],
    ['text/event-stream', 'text/event-stream', 'text', null],
    ['application/xml', 'application/xml', 'text', null],
    ['application/atom+xml', 'application/atom+xml', 'text', null],
    ['application/x-ndjson', 'application/x-ndjson', 'text', null],
    ['image/svg+xml', 'image/svg+xml', 'binary', null],
    ['application/octet-stream', 'application/octet-stream', 'binary', null],
    ['', null, 'text', null],
    [undefined, null, 'text', null],
    [';;;', null, 'text', null],
  ])('%j', (header, type, kind, charset) => {
    expect(parseContentType(header)).toEqual({ type, kind, charset });
  });
});

describe('JSON', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

  test('as deep as the limit is data, deeper is a problem', () => {
    expect(parseJson(nested(maxJsonDepth))).toHaveProperty('value');
    expect(parseJson(nested(maxJsonDepth + 1))).toEqual({ problem: 'it is nested deeper than 500 levels' });
    expect(parseJson(nested(1_000_000))).toEqual({ problem: 'it is nested deeper than 500 levels' });
    expect(parseJson(`{"a":"${nested(5_000)}"}`)).toHaveProperty('value');
  });

  test('that is none is told without a quotation, which could hold a part of a secret', () => {
    expect(parseJson('{"a":CANARY-9f2c}')).toEqual({ problem: 'it is not valid JSON' });
  });
});
