/** The project keeps its own rules; and each rule is seen to refuse something. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { rules } from './rules.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const isText = (path: string) =>
  /(^|\/)(\.[a-z]+rc\.json|[^/]+\.([cm]?[jt]s|json|md|ya?ml|txt)|run|LICENSE)$/.test(path);

/** Every text that is tracked or about to be; without git, every text outside of what install and build make. */
function projectFiles(): readonly string[] {
  const git = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const exclude = (name: string) => ['node_modules', 'dist', 'coverage', '.git'].includes(name);
  const paths = git.status === 0 ? git.stdout.split('\n') : globSync('**/*.*', { cwd: root, exclude });
  return paths.filter((path) => isText(path) && path !== 'package-lock.json' && existsSync(join(root, path)));
}

const files = projectFiles().map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

test('there are files to look at', () => {
  expect(files.length).toBeGreaterThan(100);
});

describe('every file keeps the rule:', () => {
  test.each(Object.entries(rules))('%s', (_name, rule) => {
    expect(files.flatMap(({ path, text }) => rule(path, text).map((problem) => `${path}: ${problem}`))).toEqual([]);
  });
});

describe('each rule refuses', () => {
  const home = ['', 'home', 'kim', 'project'].join('/');
  const todo = ['TO', 'DO'].join('');

  test.each<[rule: string, path: string, text: string]>([
    ['types are told', 'src/a.ts', '/** A. */\nexport const a = 5 as any;'],
    ['types are told', 'machines/a.ts', '/** A. */\nexport type A = readonly any[];'],
    ['types are told', 'src/a.ts', `/** A. */\n// @ts-${'ignore'}\nexport const a: string = 5;`],
    ['types are told', 'src/a.ts', `/** A. */\n// @ts-${'expect-error'} why\nexport const a: string = 5;`],
    ['product files say what they own', 'src/a.ts', 'export const a = 5;'],
    ['file names are in kebab-case', 'src/someThing.ts', '/** A. */'],
    ['file names are in kebab-case', 'test/some_thing.test.ts', ''],
    ['what is left to do names an issue', 'test/a.test.ts', `// ${todo}: more cases`],
    ['nothing knows the machine it was written on', 'examples/a.md', `open ${home}`],
  ])('%s: %s', (name, path, text) => {
    expect(rules[name]?.(path, text)).toHaveLength(1);
  });

  test.each<[rule: string, path: string, text: string]>([
    ['types are told', 'src/a.ts', '/** Any text, `any` in a comment. */\nexport const any = "as any";'],
    ['types are told', 'test/types/a.test.ts', `// @ts-${'expect-error'} unknown type`],
    ['file names are in kebab-case', 'src/run-list.test.ts', ''],
    ['what is left to do names an issue', 'src/a.ts', `// ${todo}(#12): more kinds`],
    ['nothing knows the machine it was written on', 'a.md', `https://example.com${home} and ~${home}`],
  ])('but not, for %s: %s', (name, path, text) => {
    expect(rules[name]?.(path, text)).toEqual([]);
  });
});
