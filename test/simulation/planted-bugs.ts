/**
 * Bugs to plant in the engine, to see that the simulator finds them: each is an edit of the source as it is loaded; nothing is
 * written. A text that is not there any more makes its plant stale, which is an error: the plant follows the source.
 */

export interface Edit {
  readonly file: string;
  /** Stands in the file once. */
  readonly find: string;
  readonly put: string;
}

export interface PlantedBug {
  readonly name: string;
  readonly edits: readonly Edit[];
}

function plant(name: string, file: string, find: string, put: string): PlantedBug {
  return { name, edits: [{ file, find, put }] };
}

export const plantedBugs: readonly PlantedBug[] = [
  plant(
    'acknowledged before the commit',
    'src/engine/drive/committer.ts',
    'this.#waiting.push({ commit, committed });',
    'this.#waiting.push({ commit, committed: () => undefined }); committed();',
  ),
  {
    name: 'effects start before the commit',
    edits: [
      {
        file: 'src/engine/drive/driver.ts',
        find: 'this.#state = advanced.state;',
        put: 'this.#state = advanced.state; for (const effect of advanced.started) this.#work.start(effect);',
      },
      {
        file: 'src/engine/drive/driver.ts',
        find: 'for (const effect of advanced.started) this.#work.start(effect);',
        put: '',
      },
    ],
  },
  plant(
    'runs of living processes are adopted',
    'src/store/memory.ts',
    'const free = unfinished.filter((run) => run.owner === null || !database.owners.has(run.owner));',
    'const free = unfinished;',
  ),
  {
    name: 'no fence: a run of another process is driven and written to',
    edits: [
      {
        file: 'src/store/memory-batch.ts',
        find: 'if (stored.owner !== null && stored.owner !== this.#owner) throw ownedElsewhere(id);',
        put: '',
      },
      {
        file: 'src/engine/runs/claim.ts',
        find: 'if (store.isOwnedHere(id)) return true;',
        put: 'return true;',
      },
    ],
  },
  {
    name: 'timers are not cancelled, and old ones taken',
    edits: [
      {
        file: 'src/engine/drive/run-work.ts',
        find: 'for (const name of advanced.cancelled) this.#underWay.cancel(name);',
        put: '',
      },
      { file: 'src/engine/drive/under-way.ts', find: '    this.cancel(timer.name);\n', put: '' },
      {
        file: 'src/core/machine-events.ts',
        find: 'if (timer?.setBy !== event.setBy)',
        put: 'if (timer === undefined)',
      },
    ],
  },
  {
    name: 'the result of an old attempt is taken',
    edits: [
      {
        file: 'src/core/machine-events.ts',
        find: 'if (input?.visit === event.visit && input.attempt === event.attempt) return null;',
        put: 'if (input !== undefined) return null;',
      },
      {
        file: 'src/engine/dispatch/dispatcher.ts',
        find: '      if (signal.aborted) return;\n      value = result.output;',
        put: '      value = result.output;',
      },
    ],
  },
  plant(
    'what was held is dropped at the resume',
    'src/core/advance.ts',
    'for (const [index, recorded] of held.entries()) {',
    'for (const [index, recorded] of held.slice(held.length).entries()) {',
  ),
  plant('a second answer is held', 'src/core/advance.ts', 'if (twin !== undefined)', 'if (twin?.seq === -1)'),
  plant(
    'a checkpoint holds more than it says',
    'src/engine/drive/run-record.ts',
    '{ seq: state.seq, snapshot }',
    '{ seq: state.seq - 1, snapshot }',
  ),
  plant(
    'a batch is written in reverse',
    'src/engine/drive/committer.ts',
    'this.#options.store.commit(batch.map((entry) => entry.commit));',
    'this.#options.store.commit(batch.map((entry) => entry.commit).reverse());',
  ),
  plant(
    'a batch is told of in reverse',
    'src/engine/drive/committer.ts',
    'for (const entry of batch) this.#tell(entry);',
    'for (const entry of batch.toReversed()) this.#tell(entry);',
  ),
  plant(
    'a batch is torn',
    'src/store/memory.ts',
    'for (const commit of batch) staged.add(commit);',
    'for (const commit of batch.slice(0, 2)) staged.add(commit);',
  ),
  plant(
    'a batch that the full disk refused is forgotten',
    'src/engine/drive/committer.ts',
    '      this.#stall(error);\n',
    '      this.#waiting = [];\n      this.#stall(error);\n',
  ),
  plant(
    'effects are not started again after a recovery',
    'src/engine/drive/run-work.ts',
    'for (const effect of effects.values()) if (!this.#underWay.hasEffect(effect.id)) this.start(effect);',
    'effects.size;',
  ),
  plant(
    'timers are not set again after a recovery',
    'src/engine/drive/run-work.ts',
    'for (const timer of idle) if (timer.dueAt > now) this.#setTimer(timer);',
    '',
  ),
  plant(
    'what fell due meanwhile is forgotten',
    'src/engine/drive/run-work.ts',
    'for (const timer of overdue) this.#ports.fire(timer);',
    '',
  ),
  {
    name: 'a recovery starts the effects of paused runs',
    edits: [
      { file: 'src/engine/drive/run-work.ts', find: 'if (pause !== null) return;', put: '' },
      {
        file: 'src/engine/drive/run-work.ts',
        find: 'if (pause !== null) this.#holdBack(effect);\n    else this.#underWay.start(effect, timers);',
        put: 'this.#underWay.start(effect, timers);',
      },
    ],
  },
  plant(
    'the key changes with the attempt',
    'src/effects/call.ts',
    'export function idempotencyKey({ context, info, visit }: EffectInput): string {\n  return `',
    'export function idempotencyKey({ context, info, visit, attempt }: EffectInput): string {\n  return `${attempt}:',
  ),
  plant(
    'an entry of the inbox is removed before it is applied',
    'src/engine/steer/messages.ts',
    '    try {\n      const why =',
    '    try {\n      this.#options.store.removeInbox([id]);\n      const why =',
  ),
  plant(
    'an entry of the inbox is applied again and again',
    'src/engine/drive/driver.ts',
    'consumed === undefined ? whole : { ...whole, consumed }',
    'whole',
  ),
  plant(
    'a start with another input gives the run of the first',
    'src/engine/runs/starter.ts',
    'if (workflow === definition.name && this.#inputHash(existing) === inputHash) return id;',
    'if (workflow === definition.name) return id;',
  ),
  plant(
    'time runs backwards with the clock',
    'src/engine/drive/driver.ts',
    'return Math.max(this.#lastAt, this.#ports.clock.now());',
    'return this.#ports.clock.now();',
  ),
  plant(
    'timers are early',
    'src/engine/drive/run-work.ts',
    'this.#underWay.set(timer, timer.dueAt - this.#ports.now());',
    'this.#underWay.set(timer, (timer.dueAt - this.#ports.now()) / 2);',
  ),
  plant(
    'rounds are begun again after a crash',
    'src/engine/below/rounds.ts',
    'const mayExist = ports.hasRounds(driver.id);',
    'const mayExist = false;',
  ),
  plant(
    'what rounds wrote to the state is lost in a crash',
    'src/engine/below/rounds.ts',
    'writes: (beside?.writes ?? []) as readonly LoggedWrite[],',
    'writes: [],',
  ),
  plant(
    'outputs of different runs are mixed up',
    'src/engine/dispatch/values.ts',
    "return `${run}\\n${ref.seq}${ref.part ?? ''}`;",
    "return `${run.length}\\n${ref.seq}${ref.part ?? ''}`;",
  ),
  plant(
    'an ended run takes events',
    'src/engine/drive/driver.ts',
    '    this.#isOver = true;\n    this.#isStopped = true;\n    this.#audience.clear();\n    this.#ports.onEnd(this);',
    '    this.#ports.onEnd(this);',
  ),
  plant(
    'a retry begins the rounds of a loop again',
    'src/engine/steer/control-commands.ts',
    'return { enter: steps.filter((step) => !past.hasRuns(step)), again: steps.filter((step) => past.hasRuns(step)) };',
    'return { enter: past === null ? [] : steps, again: [] };',
  ),
  plant(
    'a fork does not say that it repeats what was under way',
    'src/engine/steer/repeats.ts',
    "if (kind === 'work' && step !== null && !answered.has(effect)) note(step);",
    '[kind, step, effect];',
  ),
  plant(
    'a fork has nothing of what a pause held',
    'src/engine/steer/fork.ts',
    'return { ...state, breakpoints: [], effects',
    'return { ...state, pause: null, breakpoints: [], effects',
  ),
  plant(
    'a run is told to have moved to another version, and has not',
    'src/engine/steer/migrations.ts',
    'if (trial.problems.length > 0 || options.dryRun === true) return trial.problems;',
    'if (trial.problems.length >= 0) return trial.problems;',
  ),
  plant(
    'a retry calls under the keys of before',
    'machines/renew.ts',
    'visit: record.visit + (isUsed && record.visit > 0 ? 1 : 0),',
    'visit: isUsed ? record.visit : record.visit,',
  ),
  plant(
    'what was left for a run of a process that died is not looked for while the run sleeps on',
    'src/engine/runs/recovery.ts',
    'this.#hasNew ||= ids.length > 0;',
    '',
  ),
  plant(
    'what a breakpoint holds is lost',
    'src/core/breakpoint.ts',
    'return stopped(still, breakpoint, [recorded]);',
    'return stopped(still, breakpoint, []);',
  ),
  plant(
    'a limit lets one more begin',
    'src/engine/dispatch/limits/bucket.ts',
    'if (limit !== null && this.running >= limit)',
    'if (limit !== null && this.running > limit)',
  ),
  plant(
    'a rate lets one more begin',
    'src/engine/dispatch/limits/bucket.ts',
    'const at = this.#times.length - limit;',
    'const at = this.#times.length - limit - 1;',
  ),
  plant(
    'two processes make the same output of the cache',
    'src/store/memory.ts',
    "if (entry !== undefined && entry.owner !== null && owners.get(entry.owner)?.alive === true) return 'busy';",
    '',
  ),
  plant(
    'what is in the cache is made again',
    'src/store/memory.ts',
    'if (entry !== undefined && entry.value !== null && entry.expiresAt > now) return { value: entry.value };',
    '',
  ),
  plant(
    'a visit that was done is not noted to be undone',
    'machines/undo-log.ts',
    "program.undoable.has(step) && record.error === undefined ? { ...record, effect: 'done' } : record;",
    'program.undoable.has(step) && record.visit > 1 ? record : record;',
  ),
  plant(
    'what was done first is undone first',
    'machines/undo-log.ts',
    'undo: [...others, entry] };',
    'undo: [entry, ...others] };',
  ),
  plant(
    'a completion from outside is acknowledged and not applied',
    'src/engine/steer/callbacks.ts',
    'return rooms().messages.tell(address.run, event);\n  }\n\n  async heartbeat',
    "void event;\n    return 'here';\n  }\n\n  async heartbeat",
  ),
  plant(
    'timers are late',
    'src/engine/drive/run-work.ts',
    'this.#underWay.set(timer, timer.dueAt - this.#ports.now());',
    'this.#underWay.set(timer, timer.dueAt - this.#ports.now() + 1_500);',
  ),
  plant(
    'what fell due while nobody was there is set anew after a recovery',
    'src/engine/drive/run-work.ts',
    'for (const timer of overdue) this.#ports.fire(timer);',
    'for (const timer of overdue) this.#underWay.set(timer, 5_000);',
  ),
  plant(
    'a run oversleeps',
    'src/engine/runs/sleeper.ts',
    'const cancel = timers.add(dueAt - now, () => {',
    'const cancel = timers.add((dueAt - now) * 2, () => {',
  ),
  plant(
    'timers that nobody wants any more stay in memory',
    'src/engine/drive/under-way.ts',
    '    this.#timers.get(name)?.();\n',
    '',
  ),
  plant(
    'what is done keeps its place in a limit',
    'src/engine/dispatch/dispatcher.ts',
    '      void this.#safely(carried).finally(() => {\n        carried.release();\n      });',
    '      void this.#safely(carried);',
  ),
  plant(
    'those who wait for an end that nobody wants are not forgotten',
    'src/engine/drive/end-waiters.ts',
    '      all?.delete(waiter);\n',
    '',
  ),
  plant(
    'what is known of a run that slept stays in memory',
    'src/engine/runs/live-runs.ts',
    '    this.#left.delete(driver.id);\n    this.#above.delete(driver.id);\n',
    '    this.#left.delete(driver.id);\n',
  ),
  plant(
    'who does not make an output does not give it up',
    'src/engine/dispatch/carried-effect.ts',
    "    if (turn?.kind === 'make') turn.giveUp();\n",
    '',
  ),
  plant(
    'who waits for an output is not told that nobody makes it',
    'src/engine/dispatch/step-cache.ts',
    '    next.wake();\n',
    '',
  ),
  plant(
    'an output that could not be kept at once is waited for for ever',
    'src/engine/dispatch/step-cache.ts',
    '        timers.add(firstRetryMs * 2 ** (tries - 1), () => {\n          this.#write(write, done, tries + 1);\n        });\n',
    '        timers.add(firstRetryMs, () => undefined);\n',
  ),
];
