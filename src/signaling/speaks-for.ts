import type { RawWebhook } from './ports.ts';

/** Whether who signed it may say anything of this number: the app of one project's number must not speak for another's. */
export function maySpeakFor({ speaksFor }: Pick<RawWebhook, 'speaksFor'>, phoneNumberId: string): boolean {
  return speaksFor === undefined || speaksFor.includes(phoneNumberId);
}
