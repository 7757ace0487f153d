/** Small pictures by step type and mark, as paths in a square of 16. Drawn as strokes. */
import type { Mark } from '../drawing/marks.ts';

const icons: Readonly<Record<string, string>> = {
  agent: 'M8 1.5 9.7 6.3 14.5 8 9.7 9.7 8 14.5 6.3 9.7 1.5 8 6.3 6.3Z',
  http: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM1.8 8h12.4M8 1.5c4.2 4 4.2 9 0 13M8 1.5c-4.2 4-4.2 9 0 13',
  transform: 'M2 5h11.5M10.5 2l3 3-3 3M14 11H2.5M5.5 8l-3 3 3 3',
  conditional: 'M8 1.6 14.4 8 8 14.4 1.6 8Z',
  switch: 'M1.5 8H6M6 8l5-5h3M6 8h8M6 8l5 5h3',
  wait: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM8 4.200V8l2.6 1.8',
  human: 'M8 2a2.8 2.8 0 1 0 0 5.600A2.8 2.8 0 0 0 8 2ZM2.5 14.200c.4-3.2 2.5-4.7 5.5-4.700s5.1 1.5 5.5 4.7',
  signal:
    'M8 7a1 1 0 1 0 0 2 1 1 0 0 0 0-2ZM5 11a4.2 4.2 0 0 1 0-6M11 5a4.2 4.2 0 0 1 0 6M2.8 13.200a7.4 7.4 0 0 1 0-10.400M13.2 2.800a7.4 7.4 0 0 1 0 10.4',
  workflow: 'M1.8 1.800h8.400v8.400H1.800ZM5.8 13.200v1h8.400V5.800h-1',
  emit: 'M8 10.500V2M4.8 5.2 8 2l3.2 3.200M2.2 10v4h11.600v-4',
  parallel: 'M3 2v12M8 2v12M13 2v12',
  sequential: 'M3 3.500h10M3 8h10M3 12.500h10',
  loop: 'M13.8 8a5.8 5.8 0 1 1-1.9-4.300M12.4 1v3.200H9.2',
  custom: 'M8 1.5 13.8 4.800v6.400L8 14.5 2.2 11.200V4.800Z',
  failure: 'M8 1.8 14.8 13.800H1.200ZM8 6.200v3.600M8 11.600v.2',
};

export function iconOf(type: string | null): string {
  return (type === null ? undefined : icons[type]) ?? (icons['custom'] as string);
}

export const failureIcon = icons['failure'] as string;

const markIcons: Readonly<Record<Mark, string>> = {
  completed: 'M4 8.4 7 11.2 12.2 5.2',
  covered: 'M4 8.4 7 11.2 12.2 5.2',
  running: 'M6 4.5 11.5 8 6 11.500Z',
  failed: 'M5 5l6 6M11 5l-6 6',
  missed: 'M5 5l6 6M11 5l-6 6',
  skipped: 'M4.5 5 8 8l-3.5 3M8.5 5 12 8l-3.5 3',
  cancelled: 'M4.5 8h7',
  untouched: '',
};

export function markIcon(mark: Mark): string {
  return markIcons[mark];
}
