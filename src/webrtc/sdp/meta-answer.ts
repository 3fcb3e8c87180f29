import type { LocalDescription } from './local-description.ts';
import { formatMetaDescription } from './meta-description.ts';
import type { DtlsSetup, RemoteDescription } from './remote-description.ts';

/**
 * Meta's answer to the offer of a business (meta-calling.md §4.2): the offer's own mid and payload numbers, ICE-lite. Which
 * `setup` it says differs between reports; `actpass` is unlawful and was seen. `nowMs`: Unix milliseconds.
 */
export function formatMetaAnswer(
  local: LocalDescription,
  offer: RemoteDescription,
  setup: DtlsSetup,
  nowMs: number,
): string {
  const { mid, bundled, opusPayloadType, dtmfPayloadType } = offer;
  return formatMetaDescription(local, nowMs, {
    mid,
    bundled,
    trickle: true,
    setup,
    opusPayloadType,
    dtmfPayloadType,
  });
}
