/**
 * Named points at which a process kills itself, for tests alone: of `<name>#<n>`, at the n-th time that the
 * point is passed the process is gone. They are found by the statements that the store runs; the product knows nothing of them.
 */
import { StatementSync } from 'node:sqlite';

interface Where {
  readonly when: 'before' | 'after';
  readonly sql: RegExp;
}

const statements: Readonly<Record<string, Where>> = {
  'before begin': { when: 'before', sql: /^begin/ },
  'after begin': { when: 'after', sql: /^begin/ },
  'after history insert': { when: 'after', sql: /^insert into history/ },
  'after run insert': { when: 'after', sql: /^insert into runs/ },
  'after run update': { when: 'after', sql: /^update runs set (?!owner = \? where owner)/ },
  'after checkpoint insert': { when: 'after', sql: /^insert or replace into checkpoints/ },
  'after timer change': { when: 'after', sql: /^(insert into|delete from) timers/ },
  'after inbox change': { when: 'after', sql: /^(insert into|delete from) inbox/ },
  'before commit': { when: 'before', sql: /^commit/ },
  'after commit': { when: 'after', sql: /^commit/ },
};

/** While the engine is being made; while it is being closed. */
type Phase = 'recovery' | 'closing';

const anyStatement: Where = { when: 'before', sql: /./ };
const anyWrite: Where = { when: 'after', sql: /^(update|insert|delete|commit)/ };
const phased: Readonly<Record<string, Where & { readonly phase: Phase }>> = {
  'in recovery, before a statement': { ...anyStatement, phase: 'recovery' },
  'in recovery, after a write': { ...anyWrite, phase: 'recovery' },
  'in closing, before a statement': { ...anyStatement, phase: 'closing' },
  'in closing, after a write': { ...anyWrite, phase: 'closing' },
};

/** On the way of an event to the disk, and of what is acknowledged. */
export const eventPoints: readonly string[] = [...Object.keys(statements), 'after ack'];
export const recoveryPoints: readonly string[] = Object.keys(phased).filter((name) => name.startsWith('in recovery'));
export const closingPoints: readonly string[] = Object.keys(phased).filter((name) => name.startsWith('in closing'));

const names: readonly string[] = [...eventPoints, ...recoveryPoints, ...closingPoints];

export interface CrashPoint {
  reached(name: string): void;
  /** Null: in none. */
  enter(phase: Phase | null): void;
}

/** @param text null: none */
export function armCrashPoint(text: string | null): CrashPoint {
  const [, name = '', count = '1'] = /^(.+)#(\d+)$/.exec(text ?? '') ?? [];
  if (text !== null && !names.includes(name)) throw new Error(`no crash point '${text}'`);
  let left = Number(count);
  let phase: Phase | null = null;
  const pass = (): void => {
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  };
  const where = statements[name] ?? phased[name];
  const wanted = phased[name]?.phase ?? null;
  if (where !== undefined) {
    watchStatements((when, sql) => {
      if (when === where.when && where.sql.test(sql) && (wanted === null || wanted === phase)) pass();
    });
  }
  return {
    reached: (reached) => {
      if (reached === name) pass();
    },
    enter: (entered) => {
      phase = entered;
    },
  };
}

function watchStatements(watch: (when: 'before' | 'after', sql: string) => void): void {
  const { prototype } = StatementSync;
  for (const method of ['run', 'get', 'all'] as const) {
    const original = prototype[method] as (...parameters: unknown[]) => unknown;
    Object.defineProperty(prototype, method, {
      configurable: true,
      value: function watched(this: StatementSync, ...parameters: unknown[]) {
        watch('before', this.sourceSQL);
        const result = original.apply(this, parameters);
        watch('after', this.sourceSQL);
        return result;
      },
    });
  }
}
