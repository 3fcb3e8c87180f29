import { z } from 'zod';
import type { AccountWord } from './account-event.ts';
import { list } from './lenient.ts';
import { readRestriction } from './read-restriction.ts';

/** Real ones have some hundreds of characters, and are five levels deep. */
const LONGEST = 32_768;
const DEEPEST = 16;

/**
 * What the object `calling` of a number's settings says, whole or in part (meta-calling.md §2.3); nothing if it is no object,
 * or larger and deeper than settings are. Passwords, such as those of SIP servers, are left out. Restrictions that are not in
 * its list do not hold any more; without a list nothing is said of them.
 */
export function wordsOfSettings(given: unknown, changed: boolean): readonly AccountWord[] {
  const kept = withoutPasswords(given, 0);
  if (!isObject(kept) || JSON.stringify(kept).length > LONGEST) return [];
  const { restrictions: _, ...calling } = kept;
  const settings: AccountWord = { type: 'calling_settings', calling, changed };
  const { restrictions } = restricted.parse(kept);
  if (restrictions === null) return [settings];
  const listed = [...restrictions.restrictions_list, ...restrictions.restriction_list];
  const words = listed.flatMap((item) => readRestriction(item) ?? []);
  const lifted = LISTED.filter((kind) => !words.some((word) => word.kind === kind));
  return [settings, ...words, ...lifted.map((kind) => ({ type: 'lifted', kind }) as const)];
}

/** What the list of restrictions tells of; a hidden button is not in it. */
const LISTED = ['business_calls', 'user_calls'] as const;

/** Meta's table and its sample spell the list differently. */
const restricted = z.object({
  restrictions: z.object({ restrictions_list: list, restriction_list: list }).nullable().catch(null),
});

/** Undefined if it is too deep, or not what JSON can hold. */
function withoutPasswords(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return isLeaf(value) ? value : undefined;
  if (depth === DEEPEST) return undefined;
  const keep = (inner: unknown) => withoutPasswords(inner, depth + 1);
  if (Array.isArray(value)) return all(value.map(keep));
  const entries = Object.entries(value).filter(([name]) => !/password/i.test(name));
  const kept = entries.map(([name, inner]) => [name, keep(inner)] as const);
  return kept.some(([, inner]) => inner === undefined) ? undefined : Object.fromEntries(kept);
}

function isLeaf(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function all(values: readonly unknown[]): unknown {
  return values.includes(undefined) ? undefined : values;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
