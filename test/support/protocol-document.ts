import { readFileSync } from 'node:fs';

export interface MessageSection {
  readonly from: 'bridge' | 'agent' | 'line';
  readonly type: string;
  readonly text: string;
  readonly fields: readonly DocumentedField[];
  readonly samples: readonly unknown[];
}

export interface DocumentedField {
  readonly path: string;
  readonly optional: boolean;
}

const HEADINGS = {
  bridge: '## Messages from the bridge',
  agent: '## Messages from the agent',
  line: '## Agents behind NAT',
};

/** docs/protocol.md as a reader takes it in: its sections on messages, its samples and its tables. */
export class ProtocolDocument {
  readonly #text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

  get messages(): readonly MessageSection[] {
    return (['bridge', 'agent', 'line'] as const).flatMap((from) =>
      this.#section(HEADINGS[from])
        .split(/^### /m)
        .slice(1)
        .map((text) => ({
          from,
          type: /^`(\w+)`/.exec(text)?.[1] ?? '',
          text,
          fields: rows(text, '| Field |').map(([path, type]) => ({
            path: path!.replaceAll('`', ''),
            optional: type!.includes('optional'),
          })),
          samples: samples(text),
        })),
    );
  }

  /** Samples of the Vonage forms. */
  get vonageSamples(): readonly unknown[] {
    return samples(this.#section('## Agents written for Vonage'));
  }

  get sampleCount(): number {
    return this.#text.split('```json').length - 1;
  }

  /** Close codes of the agent: code, what it means before and after `ready`. */
  get closeCodes(): readonly (readonly string[])[] {
    return rows(this.#section('## Close codes'), '| Code | Before');
  }

  get failures(): readonly string[] {
    return rows(this.#section('## Failures'), '| Code |').map(([code]) => code!.replaceAll('`', ''));
  }

  #section(heading: string): string {
    const [, after] = this.#text.split(`\n${heading}\n`);
    return after?.split(/^## /m)[0] ?? '';
  }
}

function samples(text: string): unknown[] {
  return [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => JSON.parse(json!));
}

function rows(text: string, header: string): string[][] {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.startsWith(header));
  if (first < 0) return [];
  const body = lines.slice(first + 2);
  const end = body.findIndex((line) => !line.startsWith('|'));
  return body.slice(0, end).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}
