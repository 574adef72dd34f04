/** Reads what the files of src/ import, without a compiler: the files are formatted, so their imports look alike. */
import { readdir, readFile } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';

/** One import of one file. */
export interface ImportOf {
  /** A path below src/ such as `shared/errors.ts`, `../graphql/…` for what lies outside it, or a package's name. */
  target: string;
  isPackage: boolean;
  /** True when only types are imported. */
  isTypeOnly: boolean;
}

/** One file of src/. */
export interface SourceFile {
  /** Path below src/, `/`-separated. */
  path: string;
  /** The text without comments. */
  code: string;
  /** The text as it is. */
  text: string;
  imports: ImportOf[];
}

/** What to tell apart: comments, strings and templates. Whichever begins first, wins. */
const LEXEMES = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
const STATIC_IMPORT = /^(import|export)(\s+type)?\s+([^'"`;]*?\s*from\s*)?['"]([^'"]+)['"]/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*['"]([^'"]+)['"]/g;

/** Every file of `folder` but the generated ones, in no order. */
export async function readSources(folder: string): Promise<SourceFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.ts$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((path) => !path.includes('/generated/'));
  return Promise.all(paths.map(async (path) => readSource(path, await readFile(join(folder, path), 'utf8'))));
}

/** One file, from its path below src/ and its text. */
export function readSource(path: string, text: string): SourceFile {
  const code = stripComments(text);
  return { path, text, code, imports: findImports(path, code) };
}

/** `code` with the content of strings and templates taken out as well, to look for names that are really used. */
export function stripStrings(code: string): string {
  return code.replace(LEXEMES, (lexeme) => (lexeme.startsWith('`') ? keepExpressions(lexeme) : "''"));
}

function stripComments(text: string): string {
  return text.replace(LEXEMES, (lexeme) => (lexeme.startsWith('/') ? ' ' : lexeme));
}

function keepExpressions(template: string): string {
  return `(${[...template.matchAll(/\$\{([^}]*)\}/g)].map((match) => match[1]).join(', ')})`;
}

function findImports(path: string, code: string): ImportOf[] {
  const imports = [...code.matchAll(STATIC_IMPORT)].map(([, , type, clause, target]) => ({
    ...resolveImport(path, target ?? ''),
    isTypeOnly: type !== undefined || importsOnlyTypes(clause ?? ''),
  }));
  const dynamic = [...code.matchAll(DYNAMIC_IMPORT)].map(([, target]) => ({
    ...resolveImport(path, target ?? ''),
    isTypeOnly: false,
  }));
  return [...imports, ...dynamic];
}

/** True for `{ type A, type B } from`. */
function importsOnlyTypes(clause: string): boolean {
  const names =
    /^\{([\s\S]*)\}\s*from\s*$/
      .exec(clause)?.[1]
      ?.split(',')
      .filter((name) => name.trim() !== '') ?? [];
  return names.length > 0 && names.every((name) => /^\s*type\s/.test(name));
}

function resolveImport(path: string, target: string): { target: string; isPackage: boolean } {
  if (!target.startsWith('.')) return { target: packageName(target), isPackage: true };
  const resolved = posix.normalize(posix.join(posix.dirname(path), target)).replace(/\.js$/, '.ts');
  return { target: resolved, isPackage: false };
}

function packageName(target: string): string {
  if (target.startsWith('node:')) return target;
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}
