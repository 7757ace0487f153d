// @ts-check
/**
 * A folder of documents, read once and searched with BM25 over paragraphs.
 *
 * Reading is bounded: `.md` and `.txt` files only, no hidden folders, no symbolic links, and the limits below. Files are
 * taken in the order of their names, so that the same folder always gives the same library.
 * @import { Library, Passage } from '../types.ts'
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';

import { paragraphsOf } from './markdown.js';
import { countOf, terms } from './text.js';

const MAX_FILES = 500;
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_DEPTH = 8;
const SKIPPED_FOLDERS = new Set(['node_modules', 'dist', 'coverage']);
/** The usual constants of BM25: how fast a repeated term saturates, and how much long passages are held back. */
const K1 = 1.2;
const B = 0.75;
/** A passage that scores less than this share of the best one is not about the query. */
const MIN_SHARE = 0.4;

/**
 * @param {string} folder
 * @returns {Promise<Library>}
 */
export async function loadLibrary(folder) {
  const root = resolve(folder);
  const info = await stat(root).catch(() => null);
  if (info === null || !info.isDirectory()) throw new Error(`There is no folder of documents at ${root}`);
  const paths = await documentsIn(root);
  if (paths.length === 0) throw new Error(`There is no .md or .txt file in ${root}`);
  /** @type {Passage[]} */
  const passages = [];
  const files = [];
  for (const path of paths) {
    const file = relative(root, path).split(sep).join('/');
    files.push(file);
    for (const paragraph of paragraphsOf(await readFile(path, 'utf8'))) passages.push({ file, ...paragraph });
  }
  return { folder: root, files, passages, search: createSearch(passages) };
}

/** @param {string} root @returns {Promise<string[]>} */
async function documentsIn(root) {
  /** @type {string[]} */
  const found = [];
  /** @param {string} folder @param {number} depth */
  const visit = async (folder, depth) => {
    const entries = await readdir(folder, { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (found.length >= MAX_FILES || entry.name.startsWith('.')) continue;
      if (entry.isDirectory() && depth < MAX_DEPTH && !SKIPPED_FOLDERS.has(entry.name)) await visit(path, depth + 1);
      if (!entry.isFile() || !/\.(?:md|txt)$/i.test(entry.name)) continue;
      if ((await stat(path)).size <= MAX_FILE_BYTES) found.push(path);
    }
  };
  await visit(root, 0);
  return found;
}

/**
 * @param {readonly Passage[]} passages
 * @returns {Library['search']}
 */
function createSearch(passages) {
  // A heading counts as part of every passage under it, and so does the file's name.
  const counts = passages.map(({ file, heading, text }) => countOf(terms(`${nameWords(file)} ${heading} ${text}`)));
  const lengths = counts.map((map) => [...map.values()].reduce((sum, count) => sum + count, 0));
  const average = lengths.reduce((sum, length) => sum + length, 0) / Math.max(1, lengths.length);
  const documentCounts = countOf(counts.flatMap((map) => [...map.keys()]));

  /** @param {string} term @param {number} index */
  const weight = (term, index) => {
    const count = counts[index]?.get(term) ?? 0;
    const holders = documentCounts.get(term) ?? 0;
    const rarity = Math.log(1 + (passages.length - holders + 0.5) / (holders + 0.5));
    const length = (lengths[index] ?? 0) / average;
    return (rarity * count * (K1 + 1)) / (count + K1 * (1 - B + B * length));
  };

  return (query, limit = 6) => {
    const wanted = [...new Set(terms(query.slice(0, 10_000)))].filter((term) => documentCounts.has(term));
    const ranked = passages
      .map((passage, index) => ({ ...passage, score: wanted.reduce((sum, term) => sum + weight(term, index), 0) }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score);
    const floor = (ranked[0]?.score ?? 0) * MIN_SHARE;
    return ranked.filter(({ score }) => score >= floor).slice(0, limit);
  };
}

/** @param {string} file */
function nameWords(file) {
  return file.replace(/\.\w+$/, '').replace(/[/_-]/g, ' ');
}
