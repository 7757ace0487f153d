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
  'after inbox change': { when: 'after', sql: /^(insert into|delete from) inbox/ },
  'before commit': { when: 'before', sql: /^commit/ },
  'after commit': { when: 'after', sql: /^commit/ },
};

/** Of statements while the engine is being made. */
const recovery: Readonly<Record<string, Where>> = {
  'in recovery, before a statement': { when: 'before', sql: /./ },
  'in recovery, after a write': { when: 'after', sql: /^(update|insert|delete|commit)/ },
};

export const crashPoints: readonly string[] = [...Object.keys(statements), ...Object.keys(recovery), 'after ack'];

export interface CrashPoint {
  reached(name: string): void;
  enter(phase: 'recovery'): void;
  leave(phase: 'recovery'): void;
}

/** @param text null: none */
export function armCrashPoint(text: string | null): CrashPoint {
  const [, name = '', count = '1'] = /^(.+)#(\d+)$/.exec(text ?? '') ?? [];
  if (text !== null && !crashPoints.includes(name)) throw new Error(`no crash point '${text}'`);
  let left = Number(count);
  let isRecovering = false;
  const pass = (): void => {
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  };
  const where = statements[name] ?? recovery[name];
  if (where !== undefined) {
    watchStatements((when, sql) => {
      if (when === where.when && where.sql.test(sql) && (statements[name] !== undefined || isRecovering)) pass();
    });
  }
  return {
    reached: (reached) => {
      if (reached === name) pass();
    },
    enter: () => {
      isRecovering = true;
    },
    leave: () => {
      isRecovering = false;
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
