/**
 * Rules: what has to hold on every way through a workflow, written next to it. Plain data, checked by `verify`; no part of the
 * machine, and so not of the hash: a new rule makes no new version. Types only.
 */

/** A step id (`'publish-*'`: all that begin so), or what steps have in common. */
export type RuleSubjectForm =
  | string
  | {
      readonly step?: string;
      /** Name or id of an agent. */
      readonly agent?: string;
      /** Of the steps' `tags`. */
      readonly tag?: string;
      /** `'started'`, `'completed'`, `'failed'`, `'skipped'`, an answer (`'approve'`), a router's branch. */
      readonly outcome?: string;
    }
  | readonly RuleSubjectForm[];

export type RuleForm = (
  | { readonly precedes: readonly [RuleSubjectForm, RuleSubjectForm] }
  | { readonly leadsTo: readonly [RuleSubjectForm, RuleSubjectForm] }
  | { readonly exclusive: readonly [RuleSubjectForm, RuleSubjectForm] }
  | { readonly never: RuleSubjectForm }
  | { readonly always: RuleSubjectForm }
  | { readonly atMost: readonly [RuleSubjectForm, number] }
) & { readonly name?: string };

export interface RuleSubject {
  /** Ids of the steps it means. */
  readonly steps: ReadonlySet<string>;
  /** Null: what the rule is usually about. */
  readonly outcome: string | null;
}

export type RuleKind = 'precedes' | 'leadsTo' | 'exclusive' | 'never' | 'always' | 'atMost';

export interface Rule {
  readonly kind: RuleKind;
  /** What the author calls it, else how it is written. */
  readonly name: string;
  readonly first: readonly RuleSubject[];
  /** Of `precedes`, `leadsTo` and `exclusive`. */
  readonly second: readonly RuleSubject[];
  /** Of `atMost`. */
  readonly times: number;
  /** `rules[0]`. */
  readonly path: string;
}
