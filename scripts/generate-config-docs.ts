import { writeFileSync } from 'node:fs';
import type { VariableMeta } from '../src/config-meta.ts';
import { metaOf, VARIABLES, type VariableName } from '../src/config-variables.ts';

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

## The first number and its agent

Both are written to the database at every start, and replace what it holds of them: credentials, longest call,
TALKWIRE_ON_AGENT_UNAVAILABLE, and the whole agent. What only the API can say stays: the number's call rules, and of the
agent's assignment whether it is enabled, primary, and at which place.

The agent gets an assignment the first time that it is seen. It is the number's primary, unless another agent was made that
through the API before; then it is at the head of the fallback chain. If the environment describes the number but no agent,
the agent that it described before is removed, with its assignments. Without any agent, calls are handled as
TALKWIRE_ON_AGENT_UNAVAILABLE says. Agents that are made through the API are never touched by a start.

A file for TALKWIRE_AGENT_FILE looks like this; the key comes from TALKWIRE_AGENT_TOKEN:

\`\`\`json
{
  "name": "Reception",
  "provider": { "kind": "openai_realtime", "voice": "marin", "instructions": "Be brief.", "greeting": "Hello!" },
  "settings": { "connect_timeout_seconds": 5, "speak_within_seconds": 10 }
}
\`\`\`
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
