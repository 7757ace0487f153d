/** Judges modules by the table of rooms: imports that go up, packages in the wrong room, ambient reads. Does no I/O. */
import { posix } from 'node:path';
import ts from 'typescript';
import { ambientReadsOf } from './ambient.ts';
import { importsOf, packageOf } from './imports.ts';
import { ambientFiles, ambientPackages, owners, roomOf, rooms, type Room } from './rooms.ts';

export interface Module {
  /** From the project's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface Finding {
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  readonly message: string;
}

export function checkModule(module: Module): readonly Finding[] {
  const name = roomOf(module.path);
  if (name === null) return [];
  const room = rooms[name];
  if (room === undefined) {
    return [{ path: module.path, line: 1, message: `room '${name}' is not in the table of scripts/layers/rooms.ts` }];
  }
  const source = ts.createSourceFile(module.path, module.text, ts.ScriptTarget.Latest, true);
  const wrongImports = importsOf(source).flatMap(({ specifier, line }) => {
    const message = specifier.startsWith('.')
      ? wrongRoom(module.path, name, room, specifier)
      : wrongPackage(module.path, name, room, packageOf(specifier));
    return message === null ? [] : [{ path: module.path, line, message }];
  });
  return [...wrongImports, ...wrongReads(module.path, room, source)];
}

function wrongRoom(path: string, name: string, room: Room, specifier: string): string | null {
  const target = posix.join(posix.dirname(path), specifier);
  const other = roomOf(target);
  if (other === name || (other !== null && room.imports.includes(other))) return null;
  const allowed = room.imports.length === 0 ? 'none of our rooms' : room.imports.join(', ');
  return `${name} must not import ${other ?? target} ('${specifier}'): it may import ${allowed}`;
}

function wrongPackage(path: string, name: string, room: Room, wanted: string): string | null {
  const owner = owners[wanted];
  if (owner !== undefined && owner !== name) return `'${wanted}' is imported by the room ${owner} alone`;
  if (room.packages !== undefined && !room.packages.includes(wanted)) {
    return `${name} must not import '${wanted}': of packages it may import ${room.packages.join(', ')}`;
  }
  if (!ambientPackages.includes(wanted) || room.readsAmbient === true || path in ambientFiles) return null;
  return `'${wanted}' reads clock, chance or environment: take a port as an argument`;
}

function wrongReads(path: string, room: Room, source: ts.SourceFile): readonly Finding[] {
  if (room.readsAmbient === true) return [];
  const allowed = ambientFiles[path] ?? [];
  return ambientReadsOf(source)
    .filter(({ kind }) => !allowed.includes(kind))
    .map(({ name, kind, line }) => ({
      path,
      line,
      message: `'${name}' reads the ${kind}: take it as an argument, only default ports read it`,
    }));
}
