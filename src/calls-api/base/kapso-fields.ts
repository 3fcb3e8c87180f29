import { z } from 'zod';
import type { Query } from './list-query.ts';

/** Which fields of its own Kapso adds to a record: all of them, or those with these names. */
export type KapsoFields = 'all' | ReadonlySet<string>;

/** The parameter as it is described. */
export const KAPSO_FIELDS_QUERY = {
  fields: z.string().optional().meta({
    description:
      '`kapso(a,b)` chooses the fields of `kapso`, and `kapso()` leaves it out. Other fields are always there',
  }),
};

/** Selectors of everything (kapso-api.md §2, buildKapsoFields). */
const ALL: ReadonlySet<string> = new Set(['default', '*', 'all']);
/** Far more than there are fields. */
const MAX_LENGTH = 4_096;

/**
 * Reads `fields=…,kapso(a,b),…`. Without `kapso(…)` it is all of them, and with `kapso()` none. Names that no record has are
 * ignored, and so is every field outside of the brackets: no field of Meta's is ever left out. What cannot be read counts as
 * not given, for clients send what they like here.
 */
export function kapsoFieldsIn(query: Query): KapsoFields {
  const given = Object.hasOwn(query, 'fields') ? query['fields'] : undefined;
  const text = Array.isArray(given) ? given.filter((each) => typeof each === 'string').join(',') : given;
  if (typeof text !== 'string' || text.length > MAX_LENGTH) return 'all';
  const selectors = [...text.matchAll(/(?:^|,)\s*kapso\s*\(([^()]*)\)/gi)];
  if (selectors.length === 0) return 'all';
  const names = selectors
    .flatMap(([, inside = '']) => inside.split(','))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  return names.some((name) => ALL.has(name)) ? 'all' : new Set(names);
}

/** The record with what was chosen of its Kapso block; without the block if nothing was. */
export function withKapso<R extends object, Block extends object>(
  record: R,
  block: Block,
  fields: KapsoFields,
): R & { readonly kapso?: Partial<Block> } {
  if (fields === 'all') return { ...record, kapso: block };
  if (fields.size === 0) return record;
  const chosen = Object.entries(block).filter(([name]) => fields.has(name));
  return { ...record, kapso: Object.fromEntries(chosen) as Partial<Block> };
}
