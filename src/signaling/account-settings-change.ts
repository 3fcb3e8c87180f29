import { z } from 'zod';
import { wordsOfSettings } from './calling-settings.ts';
import type { Findings } from './findings.ts';
import { list, moment, text, word } from './lenient.ts';
import { nameOf } from './reading.ts';
import type { WebhookChange } from './webhook-envelope.ts';

/** The type stands in both letter cases in Meta's pages, and `calling` is null if nothing in it changed. */
const settingsValue = z.object({
  type: word,
  timestamp: moment,
  phone_number_settings: z
    .object({ phone_number_id: text, calling: z.unknown() })
    .catch({ phone_number_id: null, calling: null }),
});

/**
 * Reads one change of field `account_settings_update`: how calling is set for a number, also after a change of our own
 * (meta-calling.md §3.10). `fallbackTime` is in Unix milliseconds.
 */
export function readAccountSettingsChange(change: WebhookChange, fallbackTime: number, found: Findings): void {
  const ignore = (reason: string) => void found.ignored.push({ where: `${change.where}.value`, reason });
  const values = list.parse(change.value);
  if (values.length === 0) ignore('not an object');
  for (const value of values) {
    const parsed = settingsValue.safeParse(value);
    if (!parsed.success) {
      ignore('not an object');
      continue;
    }
    const { type, timestamp, phone_number_settings: settings } = parsed.data;
    const { phone_number_id: phoneNumberId } = settings;
    const words = wordsOfSettings(settings.calling, true);
    if (type !== null && type !== 'PHONE_NUMBER_SETTINGS')
      ignore(`type ${nameOf(type.toLowerCase())} is not worked off`);
    else if (phoneNumberId === null) ignore('no phone number id');
    else if (words.length === 0) ignore('nothing of calling');
    else
      for (const said of words) found.accounts.push({ of: { phoneNumberId }, at: timestamp ?? fallbackTime, ...said });
  }
}
