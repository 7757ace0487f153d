/** What was found, for people, programs and pictures. Colours are whoever prints it's. */
import type { Difference } from './diff.ts';
import type { Finding } from './finding.ts';
import type { Verification } from './verify.ts';
import type { WorstCase } from './worst-case.ts';

/** As JSON: stable names, without the moves. */
export function verificationJson({ findings, bounds, ...rest }: Verification): Readonly<Record<string, unknown>> {
  return {
    ...rest,
    complete: bounds.length === 0,
    bounds: bounds.map(({ what }) => what),
    findings: findings.map(({ code, severity, message, path, hint, way }) => ({
      code,
      severity,
      message,
      path,
      ...(hint === undefined ? {} : { hint }),
      way,
    })),
  };
}

/** The first line says whether everything was looked at. */
export function verificationText(verification: Verification): readonly string[] {
  const { workflow, findings, bounds, explored, rules, worst } = verification;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const verdict =
    errors > 0
      ? `${errors} ${errors === 1 ? 'mistake' : 'mistakes'}`
      : bounds.length > 0
        ? 'no mistake found'
        : 'nothing goes wrong';
  const how = bounds.length > 0 ? 'NOT ALL was looked at' : 'every path was looked at';
  const size = `${count(explored.situations, 'situation')}, ${count(explored.moves, 'move')}`;
  return [
    `${workflow}: ${verdict}; ${how} (${size}${rules.checked === 0 ? '' : `, ${count(rules.checked, 'rule')}`})`,
    ...bounds.map(({ what }) => `  not explored: ${what}`),
    ...findings.flatMap(findingText),
    ...worstText(worst),
  ];
}

function findingText({ severity, code, message, path, hint, way }: Finding): readonly string[] {
  return [
    `  ${severity}: ${path === '' ? '' : `${path}: `}${message} [${code}]`,
    ...(way.length === 0 ? [] : [`    path: ${way.join(' > ')}`]),
    ...(hint === undefined ? [] : [`    hint: ${hint}`]),
  ];
}

function worstText({ steps, agentCalls, attempts, timeMs, cost, unbounded }: WorstCase): readonly string[] {
  const time = timeMs === null ? 'no bound on its time' : durationText(timeMs);
  const money = cost === null ? '' : `, cost ${Number(cost.toFixed(6))}`;
  return [
    `  at worst: ${count(steps, 'step')}, ${count(agentCalls, 'agent call')}, ${count(attempts, 'attempt')}, ${time}${money}`,
    ...unbounded.map((why) => `    ${why}`),
  ];
}

export function differenceText({ changes, bounds }: Difference): readonly string[] {
  const head =
    changes.length === 0
      ? 'no path differs'
      : `${count(changes.length, 'path')} ${changes.length === 1 ? 'differs' : 'differ'}`;
  return [
    `${head}${bounds.length > 0 ? '; NOT ALL was compared' : ''}`,
    ...bounds.map(({ what }) => `  not compared: ${what}`),
    ...changes.flatMap(({ kind, way, before, now }) => [
      `  ${kind}: ${way.join(' > ')}`,
      ...(before === null || before === '' ? [] : [`    before: ${before}`]),
      ...(now === null || now === '' ? [] : [`    now: ${now}`]),
    ]),
  ];
}

/** A finding's path as a Mermaid flowchart. */
export function findingMermaid({ code, message, way }: Finding): string {
  const steps = ['start', ...way];
  const label = (text: string): string => text.replaceAll('"', "'").replaceAll('{', '#123;').replaceAll('}', '#125;');
  const lines = steps.map((step, at) => `  n${at}${at === 0 ? `(["${label(step)}"])` : `["${label(step)}"]`}`);
  const arrows = steps.slice(1).map((_step, at) => `  n${at} --> n${at + 1}`);
  const end = `  n${steps.length - 1} --> finding{{"${code}: ${label(message)}"}}`;
  return ['flowchart TD', ...lines, ...arrows, end, '  style finding stroke:#c00,stroke-width:2px'].join('\n');
}

function count(number: number, what: string): string {
  return `${number.toLocaleString('en-US')} ${what}${number === 1 ? '' : 's'}`;
}

function durationText(ms: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1_000, 's'],
  ];
  const [size, unit] = units.find(([each]) => ms >= each) ?? [1, 'ms'];
  return `${Math.round((ms / size) * 10) / 10} ${unit}`;
}
