import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { readSource, readSources, type SourceFile, stripStrings } from './support/source-graph.js';

interface Row {
  /** A folder of src/ or one file of it; a file belongs to the row with the longest name that fits. */
  folder: string;
  /** Rows or files that it may import; `(types)`: only types of them. The folder itself always. */
  mayImport: readonly string[];
  /** npm packages that nobody else may import, but for the rows that name them too. */
  packages: readonly string[];
}

const row = (folder: string, mayImport: string, packages = ''): Row => ({
  folder,
  mayImport: mayImport.split(', ').filter((name) => name !== ''),
  packages: packages.split(', ').filter((name) => name !== ''),
});

/** The table of docs/architecture.md, section "Imports". */
const IMPORTS: readonly Row[] = [
  row('shared', ''),
  row('storage', 'shared'),
  row('engine', 'shared'),
  row('engine/chunker', 'shared'),
  row('engine/codec', 'shared'),
  row('engine/pack', 'shared, engine/codec'),
  row('engine/snapshot', 'shared, engine (types), engine/codec'),
  row('engine/index', 'shared, engine/codec, engine/pack'),
  row(
    'engine/repository',
    'shared, storage (types), engine/codec, engine/pack, engine/index, engine/snapshot',
  ),
  row(
    'engine/operations',
    'shared, storage (types), engine (types), engine/chunker, engine/codec, engine/repository, engine/snapshot',
  ),
  row('engine/worker', 'shared, engine (types)'),
  row(
    'engine/local-engine.ts',
    'shared, storage (types), engine (types), engine/codec, engine/operations, engine/repository',
  ),
  row(
    'engine/index.ts',
    'engine, engine/local-engine.ts, engine/codec, engine/operations, engine/repository, engine/snapshot, engine/worker',
  ),
  row('sources', 'shared, engine/index.ts', 'pg, mysql2'),
  row('archive', 'shared, engine/index.ts (types)', 'archiver'),
  row('db', 'shared', '@prisma/*'),
  row(
    'services',
    'shared, engine/index.ts (types), storage (types), db (types), sources (types), jobs (types), archive (types)',
  ),
  row('jobs', 'shared', 'bullmq, ioredis, croner'),
  row('api', 'shared, services', 'type-graphql, graphql'),
  row('rest', 'shared, services'),
  row(
    'server',
    'shared, api/schema.ts, api/context.ts, rest',
    '@apollo/server, @as-integrations/express5, express, ws, graphql-ws, jwks-rsa',
  ),
  row('config', 'shared, sources/server-address.ts'),
  row('config.ts', 'shared, config'),
  row(
    'cli',
    'shared, config.ts, offline-app.ts, engine/index.ts (types), graphql/generated',
    'commander, cli-progress, graphql-ws',
  ),
  row('cli/emit-schema.ts', 'api/emit-schema.ts'),
  row('metrics', 'shared, services (types)', 'prom-client'),
  row('notify', 'shared'),
  row('main.ts', 'process-settings.ts, run-server.ts'),
  row('process-settings.ts', ''),
  row('run-server.ts', 'shared, app.ts, config.ts, cli/sign-token.ts'),
  row('app', 'everything', 'pino-roll'),
  row('app.ts', 'everything'),
  row('engine-thread.ts', 'everything'),
  row('offline-app.ts', 'everything'),
];

describe('architecture', () => {
  let files: SourceFile[];

  before(async () => {
    files = await readSources('src');
  });

  it('imports only what the table allows', () => {
    expect(files.flatMap(findForbiddenImports)).to.deep.equal([]);
  });

  it('imports each package only where the table says', () => {
    expect(files.flatMap(findForbiddenPackages)).to.deep.equal([]);
  });

  it('has no cycles, not even of types', () => {
    expect(findCycle(files)).to.deep.equal([]);
  });

  it('reads process.env only in config.ts', () => {
    expect(findUses(files, /\bprocess\s*\.\s*env\b|\bprocess\s*\[/, ['config.ts'])).to.deep.equal([]);
  });

  it('takes time and randomness only through shared/clock.ts and shared/random.ts', () => {
    const doors = ['shared/clock.ts', 'shared/random.ts'];
    const sources =
      /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bhrtime\b|\bMath\.random\b|\brandomUUID\b|\brandomBytes\b|\brandomInt\b|\brandomFill|\bgetRandomValues\b/;
    expect(findUses(files, sources, doors)).to.deep.equal([]);
  });

  it('has named exports only', () => {
    expect(findUses(files, /^export\s+default\b|\bas default\b/m)).to.deep.equal([]);
  });

  it('has no enum and silences no check', () => {
    expect(findUses(files, /^\s*(export\s+)?(const\s+)?enum\s+\w/m)).to.deep.equal([]);
    const silenced = files.filter(({ text }) => /@ts-(ignore|nocheck|expect-error)|biome-ignore/.test(text));
    expect(silenced.map(({ path }) => path)).to.deep.equal([]);
  });

  it('explains everything that it exports', () => {
    expect(files.flatMap(findUnexplained)).to.deep.equal([]);
  });

  it('knows a row for every file', () => {
    expect(files.map(({ path }) => path).filter((path) => rowOf(path) === undefined)).to.deep.equal([]);
  });

  it('has the same table as docs/architecture.md', async () => {
    const text = await readFile('docs/architecture.md', 'utf8');
    expect(readDocumentedTable(text)).to.deep.equal(IMPORTS.map(printRow));
  });
});

describe('source graph', () => {
  it('finds static, type, dynamic and side-effect imports and re-exports, and nothing in comments', () => {
    const text = `
import a from './a.js';
import type { B } from '../b.js';
import {
  type C,
  type D,
} from '@scope/name/deep';
import 'side';
export * from './e.js';
// import x from 'no';
/* import y from 'no'; */
const url = 'http://no';
const later = await import('./f.js');
`;
    const { imports } = readSource('folder/file.ts', text);
    expect(imports.map(({ target, isTypeOnly }) => `${target} ${isTypeOnly}`)).to.deep.equal([
      'folder/a.ts false',
      'b.ts true',
      '@scope/name true',
      'side false',
      'folder/e.ts false',
      'folder/f.ts false',
    ]);
  });

  it('tells a name that is used from one in a string', () => {
    const { code } = readSource(
      'a.ts',
      ["const a = 'Date.now()';", 'const b = `$', '{Date.now()} Math.random`; // Date.now'].join(''),
    );
    expect(stripStrings(code)).to.include('(Date.now())').and.not.to.include('Math.random');
  });
});

function rowOf(path: string): Row | undefined {
  const fitting = IMPORTS.filter(({ folder }) => path === folder || path.startsWith(`${folder}/`));
  return fitting.sort((a, b) => b.folder.length - a.folder.length)[0];
}

/** The row's name, or the folder for what lies outside src/. */
function placeOf(path: string): string {
  return path.startsWith('../graphql/generated/') ? 'graphql/generated' : (rowOf(path)?.folder ?? path);
}

function findForbiddenImports({ path, imports }: SourceFile): string[] {
  const own = rowOf(path);
  if (own === undefined || own.mayImport.includes('everything')) return [];
  return imports
    .filter(({ isPackage }) => !isPackage)
    .filter(({ target, isTypeOnly }) => {
      const names = [placeOf(target), target].flatMap((name) =>
        isTypeOnly ? [name, `${name} (types)`] : [name],
      );
      const isOwn =
        placeOf(target) === own.folder || (target.startsWith('db/generated/') && own.folder === 'db');
      return !isOwn && !names.some((name) => own.mayImport.includes(name));
    })
    .map(({ target, isTypeOnly }) => `${path} imports ${isTypeOnly ? 'types of ' : ''}${target}`);
}

function findForbiddenPackages({ path, imports }: SourceFile): string[] {
  const own = rowOf(path);
  if (own === undefined || own.mayImport.includes('everything')) return [];
  return imports
    .filter(({ isPackage }) => isPackage)
    .filter(({ target }) => {
      const owners = IMPORTS.filter(({ packages }) => packages.some((name) => fitsPackage(target, name)));
      return owners.length > 0 && !owners.includes(own);
    })
    .map(({ target }) => `${path} imports ${target}`);
}

function fitsPackage(target: string, name: string): boolean {
  return name.endsWith('/*') ? target.startsWith(name.slice(0, -1)) : target === name;
}

/** The files of one cycle, or none. */
function findCycle(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const { target } of byPath.get(path)?.imports ?? []) {
      const cycle = byPath.has(target) ? visit(target, [...trail, path]) : [];
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  return files.map(({ path }) => visit(path, [])).find((cycle) => cycle.length > 0) ?? [];
}

/** Files that use a pattern outside strings and comments, but for those that may. */
function findUses(files: readonly SourceFile[], pattern: RegExp, allowed: readonly string[] = []): string[] {
  return files
    .filter(({ path, code }) => !allowed.includes(path) && pattern.test(stripStrings(code)))
    .map(({ path }) => path);
}

const EXPORTED = /^export (?:declare |abstract |async )*(?:function\*?|class|const|interface|type) (\w+)/gm;

/**
 * Exported names without a docstring in the paragraph that they stand in, or right before their decorators. The text
 * at the top of a file explains what the file is named after, and a union read off a constant is explained with it.
 */
function findUnexplained({ path, text }: SourceFile): string[] {
  const explainedByTop = text.startsWith('/**') ? nameOfFile(path) : null;
  return [...text.matchAll(EXPORTED)]
    .filter((match) => {
      const end = text.indexOf('\n\n', match.index);
      const paragraph = text.slice(text.lastIndexOf('\n\n', match.index) + 1, end < 0 ? undefined : end);
      const isUnion = /^export type \w+ =\s+(keyof )?\(?typeof /.test(text.slice(match.index));
      const isDecorated = /@(ObjectType|InputType|Resolver|ArgsType)\(/.test(paragraph);
      return (
        !paragraph.includes('/**') && !isUnion && !isDecorated && match[1]?.toLowerCase() !== explainedByTop
      );
    })
    .map((match) => `${path}: ${match[1]}`);
}

/** `pack/pack-writer.ts` is named after PackWriter: `packwriter`. */
function nameOfFile(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/\.ts$/, '').replaceAll('-', '');
}

function printRow({ folder, mayImport, packages }: Row): string {
  return `| ${folder} | ${mayImport.join(', ') || 'nothing'} | ${packages.join(', ') || '–'} |`;
}

/** The rows below the heading "Imports", without code marks and extra blanks. */
function readDocumentedTable(text: string): string[] {
  const [, section = ''] = /^#+ .*\bImports\b.*\n([\s\S]*?)(?=^#|(?![\s\S]))/m.exec(text) ?? [];
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((line) => line.replaceAll('`', '').replace(/\s+/g, ' ').trim());
}
