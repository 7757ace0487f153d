/** Values as an inspector shows them: plain JSON data, cut where it is large, secrets masked. */
import type { Masker } from '../../http/mask.ts';

export interface Bounds {
  /** Characters of one text. */
  readonly text: number;
  /** Items of one list, members of one object. */
  readonly items: number;
  readonly depth: number;
}

/** Of what an event brings: it is shown once. */
export const eventBounds: Bounds = { text: 4_000, items: 200, depth: 8 };
/** Of what a run knows: it is shown again with every event. */
export const contextBounds: Bounds = { text: 400, items: 50, depth: 6 };

export function plainView(value: unknown, bounds: Bounds, masker: Masker): unknown {
  return view(value, bounds, masker, 0);
}

function view(value: unknown, bounds: Bounds, masker: Masker, depth: number): unknown {
  // Masked before it is cut: half a secret is found by nobody.
  if (typeof value === 'string') return cut(masker.text(value), bounds.text);
  if (typeof value === 'bigint') return String(value);
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Array.isArray(value) ? null : Object.entries(value);
  const count = Array.isArray(value) ? value.length : (entries?.length ?? 0);
  if (depth >= bounds.depth && count > 0) return Array.isArray(value) ? `[${count} items]` : `{${count} fields}`;
  if (Array.isArray(value)) {
    const items = value.slice(0, bounds.items).map((item: unknown) => view(item, bounds, masker, depth + 1) ?? null);
    return count > bounds.items ? [...items, `... ${count - bounds.items} more`] : items;
  }
  const shown = (entries ?? [])
    .slice(0, bounds.items)
    .map(([key, member]): [string, unknown] => [masker.text(key), view(member, bounds, masker, depth + 1)]);
  if (count > bounds.items) shown.push(['...', `${count - bounds.items} more`]);
  return Object.fromEntries(shown);
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}... (${text.length} characters)`;
}
