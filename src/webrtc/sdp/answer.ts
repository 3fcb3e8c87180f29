import { formatDescription, type LocalDescription } from './local-description.ts';
import type { RemoteDescription } from './remote-description.ts';

/** Our answer: same mid and payload numbers as offered, and we are the DTLS client (meta-calling.md §4.3). */
export function formatAnswer(local: LocalDescription, offer: RemoteDescription): string {
  return formatDescription(local, {
    mid: offer.mid,
    bundled: offer.bundled,
    setup: 'active',
    opusPayloadType: offer.opusPayloadType,
    dtmfPayloadType: offer.dtmfPayloadType,
  });
}
