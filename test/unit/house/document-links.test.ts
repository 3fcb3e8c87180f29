import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DOCUMENTS = ['README.md', 'CHANGELOG.md', ...markdownOf('docs')];

function markdownOf(folder: string): string[] {
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.md'));
  return names.map((name) => `${folder}/${name}`);
}

/** The headings of a document, as links name them. */
function anchorsOf(path: string): string[] {
  return [...prose(textOf(path)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function prose(text: string): string {
  return text.replace(/^ *```.*?^ *```/gms, '');
}

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

describe.each(DOCUMENTS)('%s', (path) => {
  const text = textOf(path);

  it('links only to files that exist', () => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => target);
    const broken = links.filter((target) => !/^https?:/.test(target) && !existsSync(join(ROOT, dirname(path), target)));
    expect(broken).toEqual([]);
  });

  it('links only to headings that exist', () => {
    const links = [...prose(text).matchAll(/\]\(([^)#\s]*)#([^)\s]+)\)/g)];
    const broken = links.filter(([, file = '', anchor = '']) => {
      const target = file === '' ? path : join(dirname(path), file);
      return target.endsWith('.md') && !/^https?:/.test(file) && !anchorsOf(target).includes(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  it('names only npm scripts that exist', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/npm run ([a-z:]+)/g)].map(([, script = '']) => script);
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  it('names only settings that exist', () => {
    const known = textOf('docs/configuration.md');
    // Those of the tests begin so; the service does not know them.
    const named = [...text.matchAll(/TALKWIRE_(?!TEST_)[A-Z][A-Z0-9_]*/g)].map(([name]) => name);
    expect(named.filter((name) => !known.includes(`\`${name}\``))).toEqual([]);
  });
});

it('every document is linked from the README', () => {
  const readme = textOf('README.md');
  expect(markdownOf('docs').filter((path) => !readme.includes(`](${path})`))).toEqual([]);
});
