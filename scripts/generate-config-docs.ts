import { writeFileSync } from 'node:fs';
import { metaOf, VARIABLES, type VariableMeta, type VariableName } from '../src/config-variables.ts';

/** docs/configuration.md */
export function configurationPage(): string {
  const rows = variables().map(({ name, meta }) => {
    const file = meta.secret ? ` Or a file: \`${name}_FILE\`.` : '';
    return `| \`${name}\` | ${standardOf(meta)} | ${escaped(meta.description)}${file} |`;
  });
  return `# Configuration

Everything is set by environment variables, read once at the start. If any are wrong or missing, the service prints all of
them with their meaning and does not start. An empty variable counts as not set. A secret can be given as a file instead
(Docker and Kubernetes secrets): set its name with \`_FILE\` to the path.

This page and \`.env.example\` are made from \`src/config-variables.ts\` by \`node scripts/generate-config-docs.ts\`.

| Variable | Default | Meaning |
| --- | --- | --- |
${rows.join('\n')}

The first number and its agent are written to the database at every start, and replace what it holds for that number.
`;
}

/** .env.example: what must be set is open, the rest is a comment with its default or an example. */
export function envExample(): string {
  const lines = ['# Settings of talkwire, explained in docs/configuration.md. Copy to .env and fill in.'];
  let group = '';
  for (const { name, meta } of variables()) {
    if (meta.group !== group) lines.push('', `# --- ${meta.group} ---`);
    group = meta.group;
    lines.push('', `# ${meta.description}`);
    lines.push(meta.need === 'required' ? `${name}=` : `#${name}=${meta.standard ?? meta.example ?? ''}`);
  }
  return `${lines.join('\n')}\n`;
}

function variables(): { name: VariableName; meta: VariableMeta }[] {
  const names = Object.keys(VARIABLES.shape) as VariableName[];
  return names.map((name) => ({ name, meta: metaOf(name) }));
}

function standardOf(meta: VariableMeta): string {
  return meta.need === 'required' ? '**required**' : meta.standard === undefined ? '' : `\`${meta.standard}\``;
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

if (import.meta.main) {
  writeFileSync(new URL('../docs/configuration.md', import.meta.url), configurationPage());
  writeFileSync(new URL('../.env.example', import.meta.url), envExample());
}
