import { z } from 'zod';
import { isoOrNull } from '../base/iso-time.ts';
import type { ConnectedNumber, NumberRestriction, NumberStanding } from '../ports.ts';

const time = z.iso.datetime();

const restrictionAnswer = z
  .object({
    kind: z.enum(['business_calls', 'user_calls', 'call_button']).meta({
      description:
        'business_calls: no calls of the business and no requests for permission. user_calls: no calls of users. ' +
        'call_button: users are not shown the button, because too few calls were picked up',
    }),
    code: z.int().nullable().meta({ description: "Meta's code for what it refuses" }),
    since: time.nullable().meta({ description: 'When Meta said so; null if it was concluded from a refusal' }),
    until: time.nullable(),
    remediation: z.string().nullable(),
  })
  .meta({ id: 'NumberRestriction' });

/** A number as the API tells it: never with a token or a secret. */
export const numberAnswer = z
  .object({
    id: z.string().meta({ description: 'The same as phone_number_id' }),
    phone_number_id: z.string(),
    display_phone_number: z.string().nullable(),
    verified_name: z.string().nullable(),
    business_account_id: z.string().nullable(),
    calls_enabled: z.boolean().nullable().meta({ description: 'What Meta said last; null if it has not said' }),
    calling: z.object({
      status: z.enum(['ENABLED', 'DISABLED']).nullable(),
      seen_at: time.nullable().meta({ description: 'When Meta said the status and the settings' }),
      settings: z
        .record(z.string(), z.unknown())
        .nullable()
        .meta({ description: "The number's calling settings as Meta tells them, without passwords" }),
      restrictions: z.array(restrictionAnswer).meta({ description: 'Those that hold now' }),
      last_violation: z
        .object({ type: z.string(), remediation: z.string().nullable(), at: time })
        .nullable()
        .meta({ description: 'What Meta warned of last' }),
    }),
    credential_kind: z.enum(['bearer', 'api-key']),
    has_app_secret: z.boolean(),
    store_messages: z.boolean(),
    live_calls: z.int(),
    project_id: z.uuid(),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'PhoneNumber' });

export type NumberAnswer = z.output<typeof numberAnswer>;

export function toNumber(number: ConnectedNumber, standing: NumberStanding | undefined): NumberAnswer {
  const status = standing?.callingStatus ?? null;
  const violation = standing?.lastViolation ?? null;
  return {
    id: number.phoneNumberId,
    phone_number_id: number.phoneNumberId,
    display_phone_number: number.displayPhoneNumber,
    verified_name: number.verifiedName,
    business_account_id: number.businessAccountId,
    calls_enabled: status === null ? null : status === 'ENABLED',
    calling: {
      status,
      seen_at: isoOrNull(standing?.seenAt ?? null),
      settings: standing?.settings ?? null,
      restrictions: (standing?.restrictions ?? []).map(toRestriction),
      last_violation: violation === null ? null : { ...violation, at: new Date(violation.at).toISOString() },
    },
    credential_kind: number.credentialKind,
    has_app_secret: number.hasAppSecret,
    store_messages: number.storesMessages,
    live_calls: standing?.liveCalls ?? 0,
    project_id: number.projectId,
    created_at: new Date(number.createdAt).toISOString(),
    updated_at: new Date(number.updatedAt).toISOString(),
  };
}

function toRestriction({ since, until, ...rest }: NumberRestriction) {
  return { ...rest, since: isoOrNull(since), until: isoOrNull(until) };
}
