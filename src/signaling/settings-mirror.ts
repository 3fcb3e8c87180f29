import type { AccountEventSink } from './account-event.ts';
import { wordsOfSettings } from './calling-settings.ts';

/** Has the shape of the HTTP routes' port of this name. */
export interface SettingsMirror {
  seen(phoneNumberId: string, calling: unknown, at: number): Promise<void>;
}

/** Keeps what is known of numbers up to date with what is read and written of their settings. Takes any object, and none. */
export function createSettingsMirror(sink: AccountEventSink): SettingsMirror {
  return {
    async seen(phoneNumberId, calling, at) {
      for (const said of wordsOfSettings(calling, false)) await sink.handle({ phoneNumberId, at, ...said });
    },
  };
}
