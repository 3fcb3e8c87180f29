import { z } from 'zod';

/**
 * Leaves of Meta's JSON, read as widely as its pages and captures differ (meta-calling.md §10). None of these can fail:
 * what is missing or of another type reads as null, or as an empty list.
 */

/** A string, or a whole number for one. Blank is null. The text itself is not touched. */
export const text = z
  .union([z.string(), z.number().int().transform(String)])
  .transform((value) => (value.trim() === '' ? null : value))
  .nullable()
  .catch(null);

/** A word of Meta's, in upper case; pages and samples differ in case, and one prints a list of one word. */
export const word = z
  .union([z.string(), z.array(z.string()).length(1)])
  .transform((value) => [value].flat().join('').trim().toUpperCase() || null)
  .nullable()
  .catch(null);

/** A number, or a string of one. Finite. */
export const numeric = z
  .union([
    z.number(),
    z
      .string()
      .trim()
      .regex(/^-?\d{1,20}(\.\d{1,9})?$/)
      .transform(Number),
  ])
  .nullable()
  .catch(null);

/** A moment: Meta gives seconds since 1970, here it becomes Unix milliseconds. Values too large for seconds are taken as ms. */
export const moment = numeric.transform((value) => {
  if (value === null || value <= 0) return null;
  const ms = Math.round(value > LARGEST_SECONDS ? value : value * 1000);
  return ms > LARGEST_DATE ? null : ms;
});

/** A list, or one object in the place of a list. */
export const list = z
  .unknown()
  .transform((value): readonly unknown[] => {
    if (Array.isArray(value)) return value;
    return typeof value === 'object' && value !== null ? [value] : [];
  })
  .optional()
  .transform((value) => value ?? []);

/** The year 5138 in seconds, 1973 in milliseconds. */
const LARGEST_SECONDS = 1e11;
/** The last moment that a Date can hold. */
const LARGEST_DATE = 8.64e15;
