/** Data put together from values at paths. */
/** Data that holds values at paths. A length is a text of that length. */
export function composed(parts: readonly (readonly [path: readonly string[], value: unknown])[]): unknown {
  let result: unknown = {};
  for (const [path, value] of parts) result = withPart(result, path, value);
  return result;
}

function withPart(whole: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (key === 'length' && rest.length === 0 && typeof value === 'number')
    return Array.isArray(whole)
      ? Array.from({ length: value }, () => null)
      : 'x'.repeat(Math.max(0, Math.round(value)));
  if (value === undefined) return whole;
  const base: Readonly<Record<string, unknown>> =
    typeof whole === 'object' && whole !== null && !Array.isArray(whole) ? (whole as Record<string, unknown>) : {};
  if (/^\d+$/.test(key) && (Array.isArray(whole) || Object.keys(base).length === 0)) {
    const items: unknown[] = Array.isArray(whole) ? [...(whole as unknown[])] : [];
    while (items.length <= Number(key)) items.push(null);
    items[Number(key)] = withPart(items[Number(key)], rest, value);
    return items;
  }
  return { ...base, [key]: withPart(base[key], rest, value) };
}
