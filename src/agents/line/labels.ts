import type { PlayedItem } from '../agent.ts';

/**
 * Names of marks and items as the session knows them: each carries the number of the connection that gave it, because what
 * one connection set must not be told to the next one, which may use the same names for something else.
 */
export function label(attempt: number, name: string): string {
  return `${attempt} ${name}`;
}

/** The agent's own name; null if it was given over another connection. */
export function unlabel(attempt: number, labelled: string): string | null {
  const prefix = `${attempt} `;
  return labelled.startsWith(prefix) ? labelled.slice(prefix.length) : null;
}

/** Those of the items that were named over this connection, by the agent's own names. */
export function unlabelItems(attempt: number, items: readonly PlayedItem[]): PlayedItem[] {
  return items.flatMap(({ itemId, playedMs }) => {
    const own = unlabel(attempt, itemId);
    return own === null ? [] : [{ itemId: own, playedMs }];
  });
}
