import { z } from 'zod';
import { field, isObject } from '../../agents/index.ts';
import type { ContactChanges } from '../ports.ts';

const LONGEST_NAME = 256;
const LONGEST_METADATA = 8_192;
const DEEPEST_METADATA = 8;

/** A text, or null to clear it, which `field` cannot tell from a fault. */
function nameOrNone() {
  const rule = `must be a text of 1 to ${LONGEST_NAME} characters, or null`;
  return clearable(rule, (given) =>
    typeof given === 'string' && given.trim() !== '' && given.length <= LONGEST_NAME ? given : null,
  );
}

function clearable<T>(rule: string, read: (given: unknown) => T | null) {
  return z.union([z.null(), field(rule, read)], { error: rule }).optional();
}

const contactChanges = z
  .object(
    {
      profile_name: nameOrNone().meta({ description: "The user's own name, until a webhook tells another" }),
      display_name: nameOrNone().meta({ description: 'What you call the user' }),
      metadata: clearable(
        `must be an object of at most ${LONGEST_METADATA} bytes of JSON and ${DEEPEST_METADATA} levels, or null`,
        metadataIn,
      ).meta({ description: 'Replaces what was there' }),
    },
    { error: 'must be an object' },
  )
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    error: 'profile_name, display_name or metadata must be given',
  });

/** The body of PATCH. Null clears a field, one that is absent stays, and others are left alone. */
export const contactBody = contactChanges;

export function toContactChanges(body: z.infer<typeof contactBody>): ContactChanges {
  const { profile_name: profileName, display_name: displayName, metadata } = body;
  return {
    ...(profileName !== undefined && { profileName }),
    ...(displayName !== undefined && { displayName }),
    ...(metadata !== undefined && { metadata }),
  };
}

function metadataIn(given: unknown): Readonly<Record<string, unknown>> | null {
  if (!isObject(given) || levelsOf(given) > DEEPEST_METADATA) return null;
  return Buffer.byteLength(JSON.stringify(given)) <= LONGEST_METADATA ? given : null;
}

/** Bodies are at most 60 levels deep when they come here. */
function levelsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(levelsOf));
}
