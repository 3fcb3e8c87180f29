import { LegError } from '../leg-error.ts';

/** One `m=` section, or the part before the first. `attributes` keeps the order; a flag's value is ''. */
export interface SdpSection {
  /** The value of the `m=` line; null for the session part. */
  readonly media: string | null;
  readonly attributes: readonly SdpAttribute[];
}

export interface SdpAttribute {
  readonly name: string;
  readonly value: string;
}

export interface SdpLines {
  readonly session: SdpSection;
  readonly media: readonly SdpSection[];
}

/** Meta's offer is 1.3 kB, a browser's with everything enabled about 8 kB. */
const MAX_BYTES = 64 * 1024;

/**
 * Cuts an SDP into its sections. Lines may end in CRLF or LF; lines of other types than `m=` and `a=` say nothing that
 * a BUNDLE, ICE and DTLS session needs, and are skipped.
 *
 * @throws LegError `bad_offer` when it is no SDP at all
 */
export function splitSdp(sdp: string): SdpLines {
  if (sdp.length > MAX_BYTES) throw new LegError('bad_offer', `SDP is longer than ${MAX_BYTES} characters`);
  const lines = sdp.split(/\r\n|\n|\r/);
  if (lines[0] !== 'v=0') throw new LegError('bad_offer', 'SDP must begin with the line v=0');

  const session: SdpAttribute[] = [];
  const media: { media: string; attributes: SdpAttribute[] }[] = [];
  let current = session;
  for (const line of lines) {
    if (line.startsWith('m=')) {
      current = [];
      media.push({ media: line.slice(2), attributes: current });
    } else if (line.startsWith('a=')) {
      current.push(attributeOf(line.slice(2)));
    }
  }
  return { session: { media: null, attributes: session }, media };
}

/** First value of an attribute, in the media section or else in the session part; null when it is in neither. */
export function findAttribute(name: string, ...sections: readonly SdpSection[]): string | null {
  for (const section of sections) {
    for (const attribute of section.attributes) if (attribute.name === name) return attribute.value;
  }
  return null;
}

/** All values of an attribute in one section. */
export function allAttributes(name: string, section: SdpSection): string[] {
  return section.attributes.filter((attribute) => attribute.name === name).map((attribute) => attribute.value);
}

function attributeOf(text: string): SdpAttribute {
  const colon = text.indexOf(':');
  if (colon < 0) return { name: text.trim(), value: '' };
  return { name: text.slice(0, colon).trim(), value: text.slice(colon + 1).trim() };
}
