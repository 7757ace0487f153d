/** Colours and styles of a picture, light and dark. Plain values in classes, so that renderers without CSS variables show them too. */
import type { DrawingNode } from '../drawing/drawing.ts';
import type { Mark } from '../drawing/marks.ts';
import type { DrawingTheme } from '../drawing/theme.ts';

export type Category = 'work' | 'call' | 'data' | 'router' | 'waiting' | 'person' | 'child' | 'group' | 'mending';

export function categoryOf({ kind, role, type }: DrawingNode): Category {
  if (kind === 'failure' || kind === 'failed' || role === 'recovery' || role === 'compensation') return 'mending';
  if (kind === 'group' && type === null) return 'mending';
  return (type === null ? undefined : categories[type]) ?? 'work';
}

const categories: Readonly<Record<string, Category>> = {
  http: 'call',
  emit: 'call',
  transform: 'data',
  conditional: 'router',
  switch: 'router',
  wait: 'waiting',
  signal: 'waiting',
  human: 'person',
  workflow: 'child',
  sequential: 'group',
  parallel: 'group',
  loop: 'group',
};

interface Colors {
  readonly page: string;
  readonly card: string;
  readonly border: string;
  readonly text: string;
  readonly soft: string;
  readonly chip: string;
  readonly group: string;
  readonly groupBorder: string;
  readonly line: string;
  readonly faint: string;
  readonly shadow: string;
  readonly back: string;
  readonly tile: number;
  readonly accents: Readonly<Record<Category, string>>;
  readonly marks: Readonly<Record<Mark, string>>;
}

const light: Colors = {
  page: '#ffffff',
  card: '#ffffff',
  border: '#cfd6df',
  text: '#16202c',
  soft: '#536170',
  chip: '#eef1f5',
  group: '#5b7089',
  groupBorder: '#c3ccd8',
  line: '#7b8896',
  faint: '#c9d0d8',
  shadow: '#1b2a3d',
  back: '#6d28d9',
  tile: 0.12,
  accents: {
    work: '#1f5fd6',
    call: '#0b7285',
    data: '#18794e',
    router: '#a35200',
    waiting: '#6d3fd1',
    person: '#b8206a',
    child: '#4444c8',
    group: '#4a5b70',
    mending: '#c02b2b',
  },
  marks: {
    completed: '#1a7f37',
    covered: '#1a7f37',
    running: '#1f5fd6',
    failed: '#c3242c',
    missed: '#c3242c',
    skipped: '#6b7785',
    cancelled: '#8f5e0b',
    untouched: '#8a95a2',
  },
};

const dark: Colors = {
  page: '#0f141b',
  card: '#19212b',
  border: '#364250',
  text: '#e8edf3',
  soft: '#a3b0be',
  chip: '#26303c',
  group: '#8fa9c9',
  groupBorder: '#394757',
  line: '#8593a3',
  faint: '#3b4754',
  shadow: '#000000',
  back: '#b9a2fb',
  tile: 0.2,
  accents: {
    work: '#7db1ff',
    call: '#52cfe3',
    data: '#62d696',
    router: '#f5b95f',
    waiting: '#bda4fc',
    person: '#fb8fc1',
    child: '#a3abff',
    group: '#b3c0cf',
    mending: '#ff948c',
  },
  marks: {
    completed: '#4cc46f',
    covered: '#4cc46f',
    running: '#7db1ff',
    failed: '#ff7b72',
    missed: '#ff7b72',
    skipped: '#9aa7b5',
    cancelled: '#e0a84a',
    untouched: '#7d8997',
  },
};

/** `<style>` of a picture. */
export function styleOf(theme: DrawingTheme): string {
  const base = `${fonts}${rules(theme === 'dark' ? dark : light)}`;
  return theme === 'auto' ? `${base}@media (prefers-color-scheme:dark){${rules(dark)}}` : base;
}

const sansFamily = `-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Liberation Sans',sans-serif`;
const monoFamily = `ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace`;

const fonts = [
  `text{font-family:${sansFamily}}`,
  `.code{font-family:${monoFamily}}`,
  '.i{fill:none;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}',
  '.z{fill:none;stroke-width:2.2;stroke-linecap:round;stroke-linejoin:round}',
  '.e{fill:none;stroke-width:1.6}',
  '.on{stroke-width:2.6}',
  '.dash{stroke-dasharray:5 4}',
  '.b{font-weight:600}',
].join('');

function rules(colors: Colors): string {
  const accents = Object.entries(colors.accents).map(
    ([name, color]) =>
      `.${name} .t{fill:${color};fill-opacity:${colors.tile}}.${name} .i{stroke:${color}}.${name} .k{fill:${color}}`,
  );
  const marks = Object.entries(colors.marks).map(
    ([name, color]) => `.m-${name} .c{stroke:${color}}.m-${name} .d{fill:${color}}.m-${name} .kt{fill:${color}}`,
  );
  return [
    `.page{fill:${colors.page}}`,
    `.c{fill:${colors.card};stroke:${colors.border}}`,
    `.g{fill:${colors.group};fill-opacity:.07;stroke:${colors.groupBorder}}`,
    `.s{fill:${colors.shadow};fill-opacity:.06}`,
    `.x{fill:${colors.text}}`,
    `.y{fill:${colors.soft}}`,
    `.p{fill:${colors.chip};stroke:${colors.border};stroke-width:.6}`,
    `.e{stroke:${colors.line}}.a{fill:${colors.line}}`,
    `.e.off{stroke:${colors.faint}}.a.off{fill:${colors.faint}}`,
    `.e.back{stroke:${colors.back}}.a.back{fill:${colors.back}}`,
    `.e.bad{stroke:${colors.accents.mending}}.a.bad{fill:${colors.accents.mending}}`,
    `.e.late{stroke:${colors.accents.waiting}}.a.late{fill:${colors.accents.waiting}}`,
    `.e.on{stroke:${colors.marks.completed}}.a.on{fill:${colors.marks.completed}}`,
    `.l{fill:${colors.page};stroke:${colors.groupBorder}}`,
    `.z{stroke:${colors.page}}`,
    ...accents,
    ...marks,
    ...['untouched', 'skipped', 'missed'].map((mark) => `.m-${mark} .x{fill:${colors.soft}}`),
    ...['untouched', 'skipped'].map(
      (mark) =>
        `.m-${mark} .i{stroke:${colors.marks.untouched}}.m-${mark} .t{fill:${colors.marks.untouched}}.m-${mark} .k{fill:${colors.soft}}`,
    ),
  ].join('');
}
