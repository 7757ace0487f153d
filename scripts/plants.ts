/** Mistakes to plant, at least one for each gate, and what the gate must say of them. */

export interface Plant {
  /** The gate that must fail: a name of scripts/gates.ts. */
  readonly gate: string;
  readonly about: string;
  /** New texts of files by path; a function gets the present text. */
  readonly files: Readonly<Record<string, string | ((text: string) => string)>>;
  /** What must stand in the gate's output, and must not without the plant. */
  readonly says: RegExp;
  /** Run in place of the gate's whole command, to save time; `null` runs the whole. */
  readonly only: string | null;
}

const header = '/** Planted. */\n';
const file = 'src/core/planted.ts';
const testFile = 'test/core/planted.test.ts';
const testHead = "import { expect, test } from 'vitest';\n";

function inSource(gate: string, about: string, code: string, says: RegExp): Plant {
  return { gate, about, files: { [file]: `${header}${code}\n` }, says, only: null };
}

function inTest(about: string, code: string, says: RegExp): Plant {
  return { gate: 'tests', about, files: { [testFile]: testHead + code }, says, only: `vitest run ${testFile}` };
}

function inManifest(gate: string, about: string, change: (manifest: Manifest) => void, says: RegExp): Plant {
  const edit = (text: string) => {
    const manifest = JSON.parse(text) as Manifest;
    change(manifest);
    return `${JSON.stringify(manifest, null, 2)}\n`;
  };
  return { gate, about, files: { 'package.json': edit }, says, only: null };
}

interface Manifest {
  dependencies: Record<string, string>;
  exports: Record<string, unknown>;
}

export const plants: readonly Plant[] = [
  inSource('format', 'code that is not formatted', 'export const planted = {a:1}', /planted\.ts/),

  inSource(
    'layers',
    'an import that goes up',
    "export * from '../http/types.ts';",
    /planted\.ts:2: core must not import http/,
  ),
  inSource(
    'layers',
    'a package in the wrong room',
    "export { z } from 'zod';",
    /planted\.ts:2: core must not import 'zod'/,
  ),
  inSource(
    'layers',
    'a module that reads the clock',
    'export const now = Date.now();',
    /planted\.ts:2: 'Date\.now' reads the clock/,
  ),

  inSource(
    'lint',
    'a promise nobody waits for',
    'export function f(): void {\n  Promise.resolve(1);\n}',
    /no-floating-promises/,
  ),
  inSource('lint', 'the type any', 'export const planted = JSON.parse("1") as any;', /no-explicit-any/),
  inSource('lint', 'a silenced compiler', '// @ts-ignore\nexport const planted: string = 5;', /ban-ts-comment/),
  inSource('lint', 'text run as code', 'export const planted = (text: string): unknown => eval(text);', /no-eval/),
  {
    gate: 'lint',
    about: 'a circular import',
    files: {
      [file]: `${header}export type { B } from './planted-too.ts';\nexport type A = string;\n`,
      'src/core/planted-too.ts': `${header}import type { A } from './planted.ts';\nexport type B = A;\n`,
    },
    says: /no-cycle[^]*planted-too\.ts/,
    only: null,
  },
  {
    gate: 'lint',
    about: 'a test that hides the others',
    files: { [testFile]: `${testHead}test.only('a', () => expect(1).toBe(1));\n` },
    says: /no-focused-tests/,
    only: null,
  },

  inSource('types', 'a wrong type', 'export const planted: string = 5;', /planted\.ts.*TS2322/),
  inSource(
    'types',
    'an element that may be missing',
    'export const first = (all: string[]): string => all[0];',
    /planted\.ts.*TS2322/,
  ),
  {
    gate: 'types',
    about: 'a wrong type in an example',
    files: { 'examples/planted.js': "import { createWorkflow } from 'dank-workflow';\ncreateWorkflow(5);\n" },
    says: /examples\/planted\.js.*TS2345/,
    only: null,
  },

  inSource('deadcode', 'a file that nothing uses', 'export const planted = 5;', /planted\.ts/),
  {
    gate: 'deadcode',
    about: 'an export that nothing uses',
    files: { 'src/core/json.ts': (text) => `${text}\nexport const planted = 5;\n` },
    says: /planted\s.*src\/core\/json\.ts/,
    only: null,
  },
  inManifest(
    'deadcode',
    'an unused dependency',
    ({ dependencies }) => (dependencies['left-pad'] = '^1.3.0'),
    /left-pad/,
  ),

  inSource('build', 'code that does not compile', 'export const planted: string = 5;', /planted\.ts.*TS2322/),

  inManifest(
    'package',
    'an entry that does not exist',
    (manifest) => (manifest.exports['./gone'] = './dist/gone.js'),
    /gone/,
  ),
  inManifest('package', 'an entry without types', (manifest) => (manifest.exports['./bare'] = './bin/dank.js'), /bare/),

  inTest('a test that fails', "test('planted', () => expect(1).toBe(2));\n", /expected 1 to be 2/),
  {
    gate: 'tests',
    about: 'wrong code that compiles',
    files: {
      'test/types/planted.test.ts': `${testHead}test('planted', () => {\n  // @ts-expect-error nothing is wrong here\n  expect(1).toBe(1);\n});\n`,
    },
    says: /TS2578|Unused '@ts-expect-error'/,
    only: 'vitest run test/types',
  },
  {
    gate: 'tests',
    about: 'a file that breaks a rule of the project',
    files: { [file]: `export const planted = 5;\n` },
    says: /planted\.ts: does not begin with a comment/,
    only: 'vitest run test/rules',
  },
  {
    gate: 'tests',
    about: 'code that no test reaches',
    files: {
      [file]: `${header}export function planted(): number {\n${'  console.log(1);\n'.repeat(200)}  return 5;\n}\n`,
    },
    says: /planted\.ts +\| +0 [^]*does not meet "src\/core\/\*\*" threshold/,
    only: null,
  },

  {
    gate: 'simulation',
    about: 'an engine that begins effects although a run is paused',
    files: {
      'src/engine/drive/run-work.ts': (text) =>
        text.replace('this.#ports.isStopped() || pause !== null ||', 'this.#ports.isStopped() ||'),
    },
    says: /seed \d+ .* BREAKS[^]*I13: .* began while its run is paused[^]*again: npm run simulate -- --seed \d+/,
    only: 'node scripts/simulate.ts --seeds 60',
  },
  {
    gate: 'planted',
    about: 'a simulator that sees nothing',
    files: {
      'src/testing/simulation/journal.ts': (text) =>
        text.replace('if (this.violations.length < 20) this', 'if (invariant === message) this'),
    },
    says: /\b0 of \d+ planted bugs found/,
    only: 'node scripts/simulate.ts --plants --seeds 2',
  },
];
