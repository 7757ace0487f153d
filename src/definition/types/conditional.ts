/** `conditional`: a router with two ways. */
import type { ConditionalStep, Decision } from '../definition.ts';
import { anything } from '../fields.ts';
import { decisionExpression, stepKind } from '../step-kind.ts';
import type { DecisionForm, TargetForm } from '../forms.ts';

export interface ConditionalForm<Context, Inline> {
  readonly type: 'conditional';
  readonly condition: DecisionForm<Context>;
  readonly then?: TargetForm<Inline>;
  readonly else?: TargetForm<Inline>;
}

/** Stands for a condition that could not be read; the definition is refused then. */
const unreadable: Decision = { kind: 'function', place: '', call: null, fingerprint: null };

export const conditional = stepKind({
  type: 'conditional',
  what: 'a conditional step',
  fields: {
    condition: anything.refine((value) => value !== undefined),
    then: anything.optional(),
    else: anything.optional(),
  },
  ownCondition: true,
  hints: {
    if: "the condition is 'condition'",
    when: "the condition is 'condition'",
    cases: "cases belong to a step of type 'switch'",
    default: "the other way of a conditional is 'else'",
  },
  read(given, base, reader): ConditionalStep {
    if (given.then === undefined && given.else === undefined) {
      reader.add('REQUIRED', 'then', 'a conditional step needs then or else: without them it leads nowhere');
    }
    return {
      ...base,
      type: 'conditional',
      decide:
        given.condition === undefined ? unreadable : (reader.decision('condition', given.condition) ?? unreadable),
      then: given.then === undefined ? null : reader.target('then', given.then, 'then'),
      else: given.else === undefined ? null : reader.target('else', given.else, 'else'),
    };
  },
  expressions: (step) => [decisionExpression(`${step.path}.condition`, step.decide)],
});
