/** Paths of issues, read back into their parts. */

/** The reverse of `joinPath`. */
export function parsePath(path: string): readonly (string | number)[] {
  const segments: (string | number)[] = [];
  for (const [, index, quoted, name] of path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)) {
    if (index !== undefined) segments.push(Number(index));
    else if (quoted !== undefined) segments.push(JSON.parse(quoted) as string);
    else if (name !== undefined) segments.push(name);
  }
  return segments;
}
