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

const ROWS = readRows();

/** Every row of docs/closing.md about a call that comes in. */
export function closingRows(): readonly ClosingRow[] {
  return ROWS.filter(({ name }) => !isOfDial(name));
}

/** Every row about a call that we place: their names begin with `dial-`. */
export function dialClosingRows(): readonly ClosingRow[] {
  return ROWS.filter(({ name }) => isOfDial(name));
}

/** The row of this name, of either kind; throws if docs/closing.md has none. */
export function rowOf(name: string): ClosingRow {
  const row = ROWS.find((each) => each.name === name);
  if (row === undefined) throw new Error(`docs/closing.md has no row ${name}`);
  return row;
}

/** What Graph hears to end the call, in order, of a row's `graph` cell. */
export function farewellsOf(cell: string): ('reject' | 'terminate')[] {
  if (cell === 'nothing') return [];
  return Array.from(cell.matchAll(/reject|terminate/g), ([word]) => word as 'reject' | 'terminate');
}

/** How many agents a walk dials, not counting those that are dialled again, of a row's `agent` cell. */
export function dialledIn(cell: string): number {
  if (cell === 'never dialled' || isLaunched(cell)) return 0;
  return cell.startsWith('one after the other') || cell.startsWith('one beside the other') ? 2 : 1;
}

/** Whether a runtime is asked to take the call, of a row's `agent` cell. */
export function isLaunched(cell: string): boolean {
  return cell === 'asked to take it' || cell === 'has the call';
}

function isOfDial(name: string): boolean {
  return name.startsWith('dial-');
}

function readRows(): readonly ClosingRow[] {
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
