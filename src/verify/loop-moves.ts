/** What may happen to a loop over items: its rounds are explored one after another, as none, one or many. */
import type { ErrorData } from '../core/errors.ts';
import type { ActiveEffect } from '../core/run-state.ts';
import type { LoopStep } from '../definition/definition.ts';
import type { EffectInput } from '../../machines/effect-input.ts';
import type { Program } from '../../machines/program.ts';
import { countsOf } from './counting.ts';
import { maxCountedRounds } from './bounds.ts';
import { variantsOf } from './failures.ts';
import { unknownOutput } from './model.ts';
import { fails, gives, toMove, type Move, type Outcome } from './move.ts';
import { contextOf, type RoundSpot, type Spot } from './situation.ts';

export function loopOutcomes(spot: Spot, effect: ActiveEffect, step: LoopStep): readonly Move[] {
  const round = spot.rounds.get(effect.id);
  const urgency = round === undefined ? {} : { isUrgent: true };
  const of = (outcome: Outcome): Move => ({ ...toMove(effect, step, outcome), ...urgency });
  const known = knownItems(step);
  const program = spot.compiled.program;
  const more = moreRounds(program, effect, step, round).map((move): Move => ({ ...move, ...urgency }));
  if (round === undefined) {
    const [noList, ...tooMany] = itemsFailures(step);
    if (known !== null && known > (step.maxIterations ?? known)) return tooMany.map(of);
    const failures = known === null && noList !== undefined ? [noList, ...tooMany] : [];
    const none: Move = { ...of(gives(`${step.id} has no items`, unknownOutput, 'no items')), kind: 'no items' };
    if (known === 0) return [none];
    return [...more, ...(known === null ? [none] : []), ...failures.map(of)];
  }
  const { snapshot } = round.spot.run;
  if (snapshot.status === 'active') return [];
  const context = contextOf(round.spot.run);
  const hasFailed = snapshot.status === 'done' && (snapshot as { readonly value: unknown }).value !== '$completed';
  const failing = (): readonly Move[] =>
    variantsOf(roundFailed, program, (effect.input as EffectInput).step).map(({ words, error }) =>
      of(fails(`${step.id} fails with its round${words}`, `round failed${words}`, error)),
    );
  if (hasFailed && step.onItemError === 'fail') return failing();
  const writes = [...round.writes, ...(hasFailed ? [] : context.writes)];
  const { hasMore, canEnd, isCut } = roundsAfter(program, step, round, context.isBreak);
  const over = of({
    kind: 'completes',
    label: `${step.id} completes`,
    outcome: 'completes',
    result: () => ({ output: { v: unknownOutput }, roundWrites: [writes], metadata: {} }),
  });
  if (round.isOpen) return [...(hasMore ? more : []), ...failing()];
  return [...(hasMore ? more : []), ...(canEnd ? [{ ...over, ...(isCut ? { isCut: true } : {}) }] : [])];
}

/**
 * The next round. Where rounds that run at the same time differ, also one after it, while those before it go on: of such a loop only
 * what comes before a round of it fails is to be seen.
 */
function moreRounds(
  program: Program,
  effect: ActiveEffect,
  step: LoopStep,
  round: RoundSpot | undefined,
): readonly Move[] {
  const of = (ahead: number): Move => ({
    kind: 'round',
    label: `${step.id}: ${ahead > 0 ? 'a later round' : round === undefined ? 'its first round' : 'one more round'}`,
    step: step.id,
    within: (effect.input as EffectInput).step,
    about: effect.id,
    outcome: ahead > 0 ? `later ${ahead}` : round === undefined ? 'first' : 'many',
    ...(ahead > 0 ? { ahead } : {}),
    event: null,
  });
  const differ = countsOf(program).rounds.get(step.id) ?? 0;
  const isAtOnce = step.concurrency > 1 && step.onItemError === 'fail' && differ > 0;
  const most = Math.min(knownItems(step) ?? step.maxIterations ?? differ, differ, maxCountedRounds);
  const later = isAtOnce ? Math.min(step.concurrency, most - (round?.count ?? 0)) - 1 : 0;
  return Array.from({ length: 1 + Math.max(0, later) }, (_each, ahead) => of(ahead));
}

/** What went wrong in it is said as well. */
const roundFailed: ErrorData = { name: 'Error', code: 'STEPS_FAILED', message: 'a round failed', retryable: false };

/** Whether another round may follow, whether the loop may end, and whether what else may follow is left out. */
function roundsAfter(
  program: Program,
  step: LoopStep,
  { count, most }: RoundSpot,
  isBreak: boolean,
): { readonly hasMore: boolean; readonly canEnd: boolean; readonly isCut: boolean } {
  const known = knownItems(step);
  const limit = known ?? step.maxIterations ?? Number.POSITIVE_INFINITY;
  // `most` rounds, or more: further ones are no others, unless all of them differ.
  const isMany = count === most;
  const isCut = isMany && limit > most && countsOf(program).rounds.get(step.id) === Number.POSITIVE_INFINITY;
  // Rounds that run at the same time end as they like.
  const isBroken = isBreak && step.concurrency === 1;
  return {
    hasMore: !isBroken && !isCut && (isMany ? limit > most : count < limit),
    canEnd: isBreak || known === null || (isMany ? limit >= most : count === limit),
    isCut,
  };
}

/** How many items there are, where they are written; null elsewhere. */
export function knownItems(step: LoopStep): number | null {
  if (step.items?.kind !== 'template' || !step.items.template.constant) return null;
  return Array.isArray(step.items.template.source) ? step.items.template.source.length : null;
}

function itemsFailures(step: LoopStep): readonly Outcome[] {
  const all = [fails(`${step.id}: its items are no list`, 'no list', { code: 'TEMPLATE_FAILED' })];
  if (step.maxIterations !== null) all.push(fails(`${step.id} has too many items`, 'too many', { code: 'LOOP_LIMIT' }));
  return all;
}
