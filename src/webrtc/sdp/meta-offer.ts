import type { LocalDescription } from './local-description.ts';
import { formatMetaDescription } from './meta-description.ts';
import { OFFERED_PAYLOAD_TYPES } from './offer.ts';

/** The offer of a call that a user makes (meta-calling.md §4.1). `nowMs`: Unix milliseconds. */
export function formatMetaOffer(local: LocalDescription, nowMs: number): string {
  return formatMetaDescription(local, nowMs, {
    mid: 'audio',
    bundled: true,
    trickle: false,
    setup: 'actpass',
    opusPayloadType: OFFERED_PAYLOAD_TYPES.opus,
    dtmfPayloadType: OFFERED_PAYLOAD_TYPES.dtmf,
  });
}
