import { field } from '../../agents/index.ts';
import { hasTimeZone } from '../../permissions/index.ts';

/** Of a body: a time zone by its IANA name. Intl takes offsets as well, which know nothing of summer. */
export const timeZone = field(
  'must be an IANA time zone, such as Europe/Berlin',
  (given) => (typeof given === 'string' && /^[A-Za-z][\w+/-]{0,63}$/.test(given) && hasTimeZone(given) ? given : null),
  { type: 'string', maxLength: 64 },
);
