/** The layer check: each rule with a module that breaks it, and modules that only look as if they did. */
import { describe, expect, test } from 'vitest';
import { checkModule } from '../../scripts/layers/check.ts';
import { rooms } from '../../scripts/layers/rooms.ts';

function messagesOf(path: string, text: string): readonly string[] {
  return checkModule({ path, text }).map(({ line, message }) => `${line}: ${message}`);
}

describe('imports between rooms', () => {
  test.each<[name: string, path: string, text: string, message: RegExp]>([
    [
      'up',
      'src/http/a.ts',
      "import { x } from '../engine/x.ts';",
      /^1: http must not import engine .*it may import core$/,
    ],
    [
      'types only',
      'src/core/a.ts',
      "import type { X } from '../http/x.ts';",
      /^1: core must not import http .*none of our rooms/,
    ],
    [
      'by export',
      'src/store/a.ts',
      "\nexport * from '../expressions/index.ts';",
      /^2: store must not import expressions/,
    ],
    ['at run time', 'src/agents/a.ts', "await import('../engine/x.ts');", /agents must not import engine/],
    ['by require', 'src/agents/a.ts', "require('../engine/x.ts');", /agents must not import engine/],
    ['a type in place', 'machines/a.ts', "let x: import('../src/http/x.ts').X;", /machines must not import http/],
    ['beside', 'src/effects/a.ts', "import { x } from '../store/x.ts';", /effects must not import store/],
    ['the public face', 'src/engine/a.ts', "import { x } from '../index.ts';", /engine must not import face/],
    [
      'out of the house',
      'src/engine/a.ts',
      "import { x } from '../../test/x.ts';",
      /engine must not import test\/x\.ts/,
    ],
    ['from a new room', 'src/attic/a.ts', '', /^1: room 'attic' is not in the table/],
  ])('%s', (_name, path, text, message) => {
    expect(messagesOf(path, text)).toEqual([expect.stringMatching(message)]);
  });

  test.each([
    ['src/http/a.ts', "import { x } from './deep/x.ts'; import { y } from '../core/y.ts';"],
    ['src/definition/types/a.ts', "import { x } from '../../expressions/index.ts';"],
    ['machines/a.ts', "import { x } from '../src/definition/index.ts'; import { y } from './y.ts';"],
    ['src/cli/a.ts', "import { x } from '../index.ts'; import { y } from '../project/y.ts';"],
    ['src/index.ts', "export { x } from '../machines/x.ts'; export { y } from './engine/y.ts';"],
    ['test/a.ts', "import { x } from '../src/engine/x.ts';"],
    ['src/core/a.ts', "// import { x } from '../engine/x.ts';\nconst text = \"import '../engine/x.ts'\";"],
  ])('allowed in %s: %s', (path, text) => {
    expect(messagesOf(path, text)).toEqual([]);
  });

  test('no room may import one that may import it', () => {
    const pairs = Object.entries(rooms).flatMap(([name, room]) => room.imports.map((other) => [name, other] as const));
    expect(pairs.filter(([name, other]) => rooms[other]?.imports.includes(name) ?? true)).toEqual([]);
  });
});

describe('packages', () => {
  test.each<[name: string, path: string, text: string, message: RegExp]>([
    ['core has xstate alone', 'src/core/a.ts', "import { z } from 'zod';", /core must not import 'zod': .* xstate/],
    ['machines have no I/O', 'machines/a.ts', "import fs from 'node:fs';", /machines must not import 'node:fs'/],
    ['deep imports count', 'machines/a.ts', "import x from '@scope/name/deep.js';", /must not import '@scope\/name'/],
    [
      'undici is for http',
      'src/engine/a.ts',
      "import { Agent } from 'undici';",
      /'undici' is imported by the room http alone/,
    ],
    ['sqlite is for the store', 'src/engine/a.ts', "import 'node:sqlite';", /by the room store alone/],
    ['uuids hold clock and chance', 'src/engine/a.ts', "import { v7 } from 'uuid';", /'uuid' reads clock, chance/],
    ['timers as a module', 'src/http/a.ts', "import 'node:timers/promises';", /take a port/],
  ])('%s', (_name, path, text, message) => {
    expect(messagesOf(path, text)).toEqual([expect.stringMatching(message)]);
  });

  test.each([
    ['src/core/a.ts', "import { createActor } from 'xstate';"],
    ['src/http/a.ts', "import { Agent } from 'undici'; import net from 'node:net';"],
    ['src/store/sqlite/a.ts', "import { DatabaseSync } from 'node:sqlite';"],
    ['src/engine/default-ports.ts', "import { v7 } from 'uuid';"],
    ['src/definition/a.ts', "import Ajv from 'ajv/dist/2020.js';"],
  ])('allowed in %s: %s', (path, text) => {
    expect(messagesOf(path, text)).toEqual([]);
  });
});

describe('clock, chance, timers and environment', () => {
  test.each([
    ['Date.now()', 'clock'],
    ['options.now ?? Date.now', 'clock'],
    ['new Date()', 'clock'],
    ['Date()', 'clock'],
    ['performance.now()', 'clock'],
    ['globalThis.Date.now()', 'clock'],
    ['process.hrtime.bigint()', 'clock'],
    ['Math.random()', 'chance'],
    ['const ports = { random: Math\n  .random };', 'chance'],
    ['crypto.randomUUID()', 'chance'],
    ["import { randomUUID } from 'node:crypto'; randomUUID();", 'chance'],
    ['setTimeout(() => {}, 1)', 'timers'],
    ['const later = setInterval;', 'timers'],
    ['globalThis.setTimeout(f, 1)', 'timers'],
    ['use({ setImmediate });', 'timers'],
    ['process.env.HOME', 'environment'],
    ["process.env['HOME']", 'environment'],
    ['const { env } = process;', 'environment'],
  ])('%s reads the %s', (text, kind) => {
    expect(messagesOf('src/engine/a.ts', text).at(-1)).toMatch(new RegExp(`reads the ${kind}: take it as an argument`));
  });

  test.each([
    'new Date(0)',
    'clock.now()',
    'value instanceof Date',
    'builder.setTimeout(5)',
    'class Builder { setTimeout(ms: number) { return ms; } }',
    'interface Timers { setTimeout(ms: number): void }',
    'const hints = { setTimeout: 5 };',
    'type Timer = ReturnType<typeof setTimeout>;',
    'process.pid; process.platform;',
    'options.process.env.HOME',
    "const text = 'Date.now()'; // Math.random()",
  ])('not in %s', (text) => {
    expect(messagesOf('src/engine/a.ts', text)).toEqual([]);
  });

  test('default ports read what the table allows them, and no more', () => {
    expect(messagesOf('src/engine/create-engine.ts', 'process.env')).toEqual([]);
    expect(messagesOf('src/engine/create-engine.ts', 'Date.now()')).toHaveLength(1);
    expect(messagesOf('src/engine/default-ports.ts', 'Date.now(); Math.random(); setTimeout(f, 1)')).toEqual([]);
  });

  test('commands read them freely', () => {
    expect(messagesOf('src/cli/a.ts', 'process.env.NO_COLOR; Date.now(); setTimeout(f, 1)')).toEqual([]);
  });
});
