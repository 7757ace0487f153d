/** Rules as functions, for `workflow.addRule(...)`; they give the plain data that YAML holds. */
import type { RuleForm, RuleSubjectForm } from '../definition/index.ts';

/** Whenever `then` begins, `first` has completed before. */
export function precedes(first: RuleSubjectForm, then: RuleSubjectForm): RuleForm {
  return { precedes: [first, then] };
}

/** No run that completes has had `first` without `then` after it. */
export function leadsTo(first: RuleSubjectForm, then: RuleSubjectForm): RuleForm {
  return { leadsTo: [first, then] };
}

/** No run has both. */
export function exclusive(one: RuleSubjectForm, other: RuleSubjectForm): RuleForm {
  return { exclusive: [one, other] };
}

/** It does not happen. */
export function never(what: RuleSubjectForm): RuleForm {
  return { never: what };
}

/** Every run that completes has had it. */
export function always(what: RuleSubjectForm): RuleForm {
  return { always: what };
}

/** It begins at most so often in a run; attempts are not counted. */
export function atMost(what: RuleSubjectForm, times: number): RuleForm {
  return { atMost: [what, times] };
}
