import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';

/** One TypeScript file; `path` is relative to the root of the tree, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

export interface Import {
  /** Relative to the root of the tree. */
  readonly from: string;
  readonly to: string;
}

/** Every TypeScript file below a folder. */
export function sourceTree(root: URL): SourceFile[] {
  const folder = root.pathname;
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({
      path: relative(folder, path).split(sep).join('/'),
      text: readFileSync(path, 'utf8'),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** `import … from`, `export … from`, bare and dynamic imports, and types by `import('…')`; of files of the tree only. */
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"`])(\.{1,2}\/[^'"`]+)\1/g;

/** What the files of a tree import from each other. */
export function importsOf(files: readonly SourceFile[]): Import[] {
  return files.flatMap(({ path, text }) =>
    [...withoutComments(text).matchAll(IMPORT)].map((match) => ({
      from: path,
      to: posix.join(dirname(path), match[2]!),
    })),
  );
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}
