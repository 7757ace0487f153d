import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closeFrame, type FrameError, FrameReader, pongFrame, textFrame } from '../../../src/inspect/relay/frames.ts';

const mask = Buffer.from([7, 0, 255, 3]);

/** A frame as a client sends it. */
function masked(opcode: number, data: Buffer, isFinal = true): Buffer {
  const length =
    data.length < 126
      ? Buffer.from([0x80 | data.length])
      : data.length < 65_536
        ? Buffer.from([0x80 | 126, data.length >> 8, data.length & 255])
        : Buffer.concat([Buffer.from([0x80 | 127, 0, 0, 0, 0]), uint32(data.length)]);
  const hidden = Buffer.from(data.map((byte, index) => byte ^ (mask[index % 4] as number)));
  return Buffer.concat([Buffer.from([(isFinal ? 0x80 : 0) | opcode]), length, mask, hidden]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

const text = (value: string): Buffer => masked(1, Buffer.from(value));

function codeOf(bytes: Buffer, maxBytes = 1_000): number | null {
  try {
    new FrameReader(maxBytes).push(bytes);
    return null;
  } catch (error) {
    return (error as FrameError).code;
  }
}

test('texts are read whatever pieces they come in', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.constant('x'.repeat(70_000))), {
        maxLength: 5,
      }),
      fc.array(fc.nat({ max: 4_000 }), { maxLength: 30 }),
      (texts, cuts) => {
        const bytes = Buffer.concat(texts.map(text));
        const reader = new FrameReader(1_000_000);
        const read: unknown[] = [];
        let from = 0;
        for (const cut of [...cuts, bytes.length]) {
          const to = Math.min(bytes.length, from + cut);
          read.push(...reader.push(bytes.subarray(from, to)));
          from = to;
        }
        expect(read).toEqual(texts.map((each) => ({ kind: 'text', text: each })));
      },
    ),
    { numRuns: 50 },
  );
});

test('a text in several frames is one message, with a ping in between', () => {
  const whole = Buffer.from('größer');
  const frames = [masked(1, whole.subarray(0, 3), false), masked(9, Buffer.from('hi')), masked(0, whole.subarray(3))];
  expect(new FrameReader(100).push(Buffer.concat(frames))).toEqual([
    { kind: 'ping', data: Buffer.from('hi') },
    { kind: 'text', text: 'größer' },
  ]);
});

describe('what breaks the protocol closes the connection', () => {
  test.each([
    ['a frame without a mask', Buffer.from([0x81, 1, 65]), 1002],
    ['reserved bits', Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), 1002],
    ['a long control frame', masked(9, Buffer.alloc(126)), 1002],
    ['a control frame in parts', masked(9, Buffer.from('x'), false), 1002],
    ['a continuation of nothing', masked(0, Buffer.from('x')), 1002],
    ['a message within another', Buffer.concat([masked(1, Buffer.from('x'), false), text('y')]), 1002],
    ['binary data', masked(2, Buffer.from('x')), 1003],
    ['what is not UTF-8', masked(1, Buffer.from([0xff, 0xfe])), 1007],
    ['a message that is too long', text('x'.repeat(1_001)), 1009],
    [
      'parts that are too long together',
      Buffer.concat([masked(1, Buffer.alloc(900), false), masked(0, Buffer.alloc(900))]),
      1009,
    ],
    ['a length beyond all numbers', Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), 1009],
  ])('%s', (_what, bytes, code) => {
    expect(codeOf(bytes)).toBe(code);
  });

  test('but not a pong, nor a close', () => {
    expect(
      new FrameReader(100).push(Buffer.concat([masked(10, Buffer.alloc(0)), masked(8, Buffer.from([3, 232]))])),
    ).toEqual([{ kind: 'close' }]);
  });
});

test('our frames are unmasked, of the shortest form', () => {
  expect(textFrame('hi')).toEqual(Buffer.from([0x81, 2, 104, 105]));
  expect(textFrame('x'.repeat(126)).subarray(0, 4)).toEqual(Buffer.from([0x81, 126, 0, 126]));
  expect(textFrame('x'.repeat(65_536)).subarray(0, 10)).toEqual(Buffer.from([0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]));
  expect(pongFrame(Buffer.from('p'))).toEqual(Buffer.from([0x8a, 1, 112]));
  expect(closeFrame(1001)).toEqual(Buffer.from([0x88, 2, 3, 233]));
});
