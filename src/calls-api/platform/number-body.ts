import { z } from 'zod';
import { flag, isObject, key, matching } from '../../agents/index.ts';
import { bodyIn } from '../base/body-in.ts';

const metaId = (what: string) => matching(/^\d{1,32}$/, `must be the id that Meta gives the ${what}, in digits`);
const credentialKind = z.enum(['bearer', 'api-key'], { error: 'must be bearer or api-key' });
const businessAccountId = metaId('WhatsApp business account').nullable();
const appSecret = key().nullable();

const NOT_AN_OBJECT = { error: 'must be an object' };

const kindMeaning = 'bearer: a token of Meta. api-key: a project key of Kapso, where Kapso is the upstream';

/** A number to connect. */
export const newNumberBody = z.object(
  {
    phone_number_id: metaId('phone number'),
    access_token: key(),
    credential_kind: credentialKind.default('bearer').meta({ description: kindMeaning }),
    app_secret: appSecret.default(null),
    business_account_id: businessAccountId.default(null),
    store_messages: flag.default(false),
  },
  NOT_AN_OBJECT,
);

/** What of a number can be changed; what is not named stays. */
export const numberChangesBody = z.object(
  {
    calls_enabled: flag.optional(),
    store_messages: flag.optional(),
    business_account_id: businessAccountId.optional(),
    app_secret: appSecret.optional(),
  },
  NOT_AN_OBJECT,
);

/** A token to put in the place of the old one. */
export const newTokenBody = z.object(
  { access_token: key(), credential_kind: credentialKind.optional().meta({ description: kindMeaning }) },
  NOT_AN_OBJECT,
);

/**
 * What `schema` makes of a body, in one of Kapso's envelopes (kapso-api.md §7) or bare.
 *
 * @throws InvalidFields
 */
export function numberBodyIn<T>(schema: z.ZodType<T>, body: unknown): T {
  const older = isObject(body) ? (body['whatsapp_config'] ?? body) : body;
  return bodyIn(schema, older, 'whatsapp_phone_number');
}
