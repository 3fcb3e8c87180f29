import { DEFAULT_POLICY, DEFAULT_PROJECT_ID } from '../../src/call/index.ts';
import type { NumberSettings } from '../../src/storage/index.ts';
import { PHONE_NUMBER_ID } from './call-identity.ts';

/** A number of ours, with a token that no log and no file may show. */
export function numberSettings(differences: Partial<NumberSettings> = {}): NumberSettings {
  return {
    phoneNumberId: PHONE_NUMBER_ID,
    projectId: DEFAULT_PROJECT_ID,
    displayPhoneNumber: '+1 555-010-0000',
    verifiedName: null,
    businessAccountId: null,
    credentials: { kind: 'bearer', secret: 'EAAG-the-access-token-in-clear' },
    appSecret: null,
    storesMessages: false,
    policy: { ...DEFAULT_POLICY, maxDurationMs: 600_000 },
    ...differences,
  };
}
