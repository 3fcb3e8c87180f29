import { createHmac } from 'node:crypto';

/**
 * What Twilio writes into `X-Twilio-Signature`: HMAC-SHA1, base64, of the URL as requested and each field of the form, name
 * and value, sorted by name.
 */
export function twilioSignature(authToken: string, url: string, form: Readonly<Record<string, string>>): string {
  const fields = Object.keys(form)
    .sort()
    .map((name) => `${name}${form[name]}`);
  return createHmac('sha1', authToken)
    .update(`${url}${fields.join('')}`, 'utf8')
    .digest('base64');
}
