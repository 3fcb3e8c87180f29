import { readFileSync } from 'node:fs';

/** One way a call can end, as docs/closing.md tells it. */
export interface ClosingRow {
  readonly name: string;
  readonly graph: string;
  readonly media: string;
  readonly agent: string;
  /** `class/reason/endedBy` */
  readonly record: string;
}

/** Every row of docs/closing.md about a call that comes in. */
export function closingRows(): readonly ClosingRow[] {
  return allRows().filter(({ name }) => !isOfDial(name));
}

/** Every row about a call that we place: their names begin with `dial-`. */
export function dialClosingRows(): readonly ClosingRow[] {
  return allRows().filter(({ name }) => isOfDial(name));
}

/** What Graph hears to end the call, in order, of a row's `graph` cell. */
export function farewellsOf(cell: string): ('reject' | 'terminate')[] {
  if (cell === 'nothing') return [];
  return Array.from(cell.matchAll(/reject|terminate/g), ([word]) => word as 'reject' | 'terminate');
}

function isOfDial(name: string): boolean {
  return name.startsWith('dial-');
}

function allRows(): readonly ClosingRow[] {
  return readFileSync(new URL('../../docs/closing.md', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [name = '', , graph = '', media = '', agent = '', record = ''] = line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', ''));
      return { name, graph, media, agent, record };
    });
}
