import { formatDescription, type LocalDescription } from './local-description.ts';

/** Meta assumes 126 for telephone-event where an offer does not say (meta-calling.md §4.3); 111 is everybody's Opus. */
export const OFFERED_PAYLOAD_TYPES = { opus: 111, dtmf: 126 } as const;

/** Our offer for a call that the business starts: `actpass`, everything else as in our answers. */
export function formatOffer(local: LocalDescription): string {
  return formatDescription(local, {
    mid: 'audio',
    bundled: true,
    setup: 'actpass',
    opusPayloadType: OFFERED_PAYLOAD_TYPES.opus,
    dtmfPayloadType: OFFERED_PAYLOAD_TYPES.dtmf,
  });
}
