/** What users install: what is in it, that it loads in every way, that its types resolve, that its commands start. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPackage, readManifest, root, type InstalledPackage } from './installed.ts';

const manifest = readManifest(root);
let installed: InstalledPackage;

beforeAll(() => {
  installed = installPackage();
});

afterAll(() => installed.remove());

describe('what is packed', () => {
  test('every entry and both commands', () => {
    expect(installed.files).toEqual(
      expect.arrayContaining([
        'package.json',
        'LICENSE',
        'CHANGELOG.md',
        'dist/src/index.js',
        'dist/src/index.d.ts',
        ...Object.values(manifest.bin),
      ]),
    );
  });

  test('no tests, no sources beside their output, nothing of the build', () => {
    const allowed = /^(dist\/(src|machines)\/.+|bin\/[a-z-]+\.js|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;
    expect(installed.files.filter((file) => !allowed.test(file))).toEqual([]);
  });

  test('every module has declarations and a source map that holds its source', () => {
    const modules = installed.files.filter((file) => /^dist\/.+\.js$/.test(file) && !file.includes('/templates/'));
    expect(
      modules
        .flatMap((file) => [file.replace(/\.js$/, '.d.ts'), `${file}.map`])
        .filter((file) => !installed.files.includes(file)),
    ).toEqual([]);
    installed.write(
      'map.mjs',
      `
      import { findSourceMap } from 'node:module';
      import { fileURLToPath } from 'node:url';
      const file = import.meta.resolve('dank-workflow');
      await import(file);
      console.log(findSourceMap(fileURLToPath(file))?.payload.sourcesContent?.length);`,
    );
    expect(installed.node('--enable-source-maps', 'map.mjs').stdout.trim()).toBe('1');
  });
});

describe('loading it', () => {
  const use = `
    const flow = createWorkflow('hello').addStep('a', { type: 'transform', transform: () => 42 });
    console.log(typeof createEngine, toDefinition(flow).name);`;

  test('with import', () => {
    installed.write('use.mjs', `import { createEngine, createWorkflow, toDefinition } from 'dank-workflow';${use}`);
    expect(installed.node('use.mjs')).toMatchObject({ stdout: 'function hello\n', status: 0 });
  });

  test('with require', () => {
    installed.write(
      'use.cjs',
      `const { createEngine, createWorkflow, toDefinition } = require('dank-workflow');${use}`,
    );
    expect(installed.node('use.cjs')).toMatchObject({ stdout: 'function hello\n', status: 0 });
  });

  test('its package.json, as tools do', () => {
    installed.write('own.cjs', "console.log(require('dank-workflow/package.json').version)");
    expect(installed.node('own.cjs').stdout.trim()).toBe(manifest.version);
  });

  test('nothing but what it exports', () => {
    installed.write('deep.mjs', "import 'dank-workflow/dist/src/index.js';");
    expect(installed.node('deep.mjs').stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});

describe('its types', () => {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = { strict: true, noEmit: true, target: 'es2024', types: ['node'] };
  const code = `
    import { createWorkflow, type Workflow } from 'dank-workflow';
    export const flow = createWorkflow('hello').addStep('a', { type: 'transform', transform: () => 42 }).setOutput('{{steps.a.output}}');
    export const told: Workflow<unknown, number> = flow;
    // @ts-expect-error unknown type of step: so the types are no mere any
    createWorkflow('hello').addStep('a', { type: 'agnet' });`;

  test.each([
    ['ES and CommonJS modules of Node.js', 'nodenext', ['use.mts', 'use.cts']],
    ['code for a bundler', 'preserve', ['use.ts']],
  ])('resolve in %s', { timeout: 120_000 }, (_name, module, files) => {
    for (const file of files) installed.write(file, code);
    installed.write(
      'tsconfig.json',
      JSON.stringify({ compilerOptions: { ...options, module, skipLibCheck: module === 'preserve' }, files }),
    );
    expect(installed.node(tsc)).toMatchObject({ stdout: '', status: 0 });
  });
});

describe('its commands', () => {
  test.each([
    ['dank-workflow', ['--version']],
    ['dank', ['workflow', '--version']],
  ])('%s starts, and says its version with %j', (name, args) => {
    const file = join('node_modules', manifest.name, manifest.bin[name] ?? '');
    const { stdout, status } = installed.node(file, ...args);
    expect({ stdout: stdout.trim(), status }).toEqual({ stdout: expect.stringContaining(manifest.version), status: 0 });
  });
});

describe('what comes with it', () => {
  const allowed = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'Apache-2.0'];
  /** Used as it is, and loaded only to lay out a drawing: EPL-2.0 asks nothing of those who do no more. */
  const exceptions = new Map([['elkjs', 'EPL-2.0 OR GPL-3.0-or-later']]);

  /** Every production dependency with its own, from where each would be resolved. */
  function dependencyFolders(): readonly string[] {
    const found = new Set<string>();
    const visit = (from: string) => {
      for (const name of Object.keys(readManifest(from).dependencies ?? {})) {
        const folder = nearest(from, name);
        if (!found.has(folder)) {
          found.add(folder);
          visit(folder);
        }
      }
    };
    visit(root);
    return [...found];
  }

  function nearest(from: string, name: string): string {
    const nested = join(from, 'node_modules', name);
    return existsSync(nested) ? nested : join(root, 'node_modules', name);
  }

  test('under licences that users can accept', () => {
    const licences = dependencyFolders()
      .map((folder) => readManifest(folder))
      .map(({ name, license }) => ({ name, license }));
    expect(licences.length).toBeGreaterThanOrEqual(Object.keys(manifest.dependencies ?? {}).length);
    const refused = licences.filter(
      ({ name, license }) => !allowed.includes(license ?? '') && exceptions.get(name ?? '') !== license,
    );
    expect(refused).toEqual([]);
  });

  test('and nothing that is compiled on install', () => {
    const scripts = ['preinstall', 'install', 'postinstall'];
    const compiled = dependencyFolders().filter((folder) => {
      const own = readManifest(folder) as { readonly scripts?: Readonly<Record<string, string>> };
      return scripts.some((name) => own.scripts?.[name] !== undefined) || existsSync(join(folder, 'binding.gyp'));
    });
    expect(compiled).toEqual([]);
  });
});
