/** `switch`: a router with a way for each value. */
import { joinPath } from '../../core/issue.ts';
import { isPlainObject } from '../../core/json.ts';
import { describe } from '../describe.ts';
import type { SwitchStep, Value } from '../definition.ts';
import { anything } from '../fields.ts';
import { stepKind, valueExpression, type StepReader } from '../step-kind.ts';
import type { TargetForm, ValueForm } from '../forms.ts';

export interface SwitchForm<Context, Inline> {
  readonly type: 'switch';
  readonly value: ValueForm<Context>;
  /** Each value, as text, with its step. */
  readonly cases: Readonly<Record<string, TargetForm<Inline>>>;
  /** Without it and without a match nothing is chosen. */
  readonly default?: TargetForm<Inline>;
}

/** Stands for a value that could not be read; the definition is refused then. */
const unreadable: Value = { kind: 'function', place: '', call: null, fingerprint: null };

export const switchKind = stepKind({
  type: 'switch',
  what: 'a switch step',
  fields: {
    value: anything.refine((value) => value !== undefined),
    cases: anything.refine((value) => value !== undefined),
    default: anything.optional(),
  },
  hints: {
    else: "the way without a match is 'default'",
    expression: "what is compared is 'value'",
    on: "what is compared is 'value'",
  },
  read: (given, base, reader): SwitchStep => ({
    ...base,
    type: 'switch',
    value: given.value === undefined ? unreadable : (reader.value('value', given.value) ?? unreadable),
    cases: given.cases === undefined ? [] : readCases(given.cases, reader),
    default: given.default === undefined ? null : reader.target('default', given.default, 'default'),
  }),
  expressions: (step) => [valueExpression(`${step.path}.value`, step.value)],
});

function readCases(cases: unknown, reader: StepReader): SwitchStep['cases'] {
  if (!isPlainObject(cases)) {
    reader.add('INVALID_TYPE', 'cases', 'cases must be an object: each value with its step', {
      received: describe(cases),
    });
    return [];
  }
  const keys = Object.keys(cases)
    .filter((key) => cases[key] !== undefined)
    .sort(byUnits);
  if (keys.length === 0) reader.add('OUT_OF_RANGE', 'cases', 'cases is empty: at least one case is needed');
  return keys.flatMap((key) => {
    const field = joinPath('cases', key);
    if (key === 'default') {
      reader.add('CASE_DEFAULT', field, "a case cannot be called 'default'", {
        hint: "put 'default' beside 'cases': it is taken when no case matches",
      });
    }
    const target = reader.target(field, cases[key], suffixOf(key));
    return target === null ? [] : [{ key, target }];
  });
}

/** What of a case's key can be part of an id. */
function suffixOf(key: string): string {
  return key.replace(/[^A-Za-z0-9_]+/g, '-').replace(/^-+|-+$/g, '') || 'case';
}

function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
