import { z } from 'zod';
import { ApiError } from './errors.ts';
import { type Query, textOf } from './list-query.ts';

/** A page of a list that is counted, from 1. */
export interface NumberedPage {
  readonly page: number;
  readonly perPage: number;
}

/** A list without pages is what a client expects that never asks for one. */
const MAX_PER_PAGE = 100;
const MAX_PAGE = 1_000_000;

/** Parameters of a list with page numbers, as they are described. */
export const NUMBERED_PAGE_QUERY = {
  page: z.int().min(1).max(MAX_PAGE).optional().meta({ description: 'Which page, counted from 1. Default: 1' }),
  per_page: z
    .int()
    .min(1)
    .max(MAX_PER_PAGE)
    .optional()
    .meta({ description: `How many on a page. Default: ${MAX_PER_PAGE}` }),
};

/** How a list with page numbers is counted in its answer. */
export const pageMetaSchema = z.object({
  page: z.int(),
  per_page: z.int(),
  total_pages: z.int(),
  total_count: z.int(),
});

/**
 * Reads `page` and `per_page`, which is `perPage` if it is not given. An empty value counts as none.
 *
 * @throws ApiError `invalid_parameter`, naming the field and the rule
 */
export function numberedPageOf(query: Query, perPage = MAX_PER_PAGE): NumberedPage {
  return {
    page: wholeNumber('page', textOf(query, 'page'), MAX_PAGE, 1),
    perPage: wholeNumber('per_page', textOf(query, 'per_page'), MAX_PER_PAGE, perPage),
  };
}

/** The items of one page of a list that is in memory as a whole. */
export function onPage<Item>(items: readonly Item[], { page, perPage }: NumberedPage): readonly Item[] {
  return items.slice((page - 1) * perPage, page * perPage);
}

export function pageMeta({ page, perPage }: NumberedPage, totalCount: number): z.output<typeof pageMetaSchema> {
  return { page, per_page: perPage, total_pages: Math.ceil(totalCount / perPage), total_count: totalCount };
}

function wholeNumber(field: string, given: string | null, max: number, standard: number): number {
  if (given === null) return standard;
  const value = /^\d{1,7}$/.test(given) ? Number(given) : 0;
  if (value >= 1 && value <= max) return value;
  throw new ApiError('invalid_parameter', `${field} must be a whole number from 1 to ${max}`);
}
