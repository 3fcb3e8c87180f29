import { type GraphError, graphError } from './graph-errors.ts';

export interface SdpRules {
  /** PCMA and PCMU were added in the number's settings (meta-calling.md §2.3). */
  readonly g711: boolean;
}

/** What Meta lets pass but what makes a bad call. */
export type SdpWarning = 'ice_lite' | 'not_sendrecv' | 'no_dtmf' | 'no_ptime' | 'no_rtcp_mux';

/** Meta's subcode for SDP faults (meta-calling.md §4.3). */
const SDP_SUBCODE = 2494010;
const STATIC_CODECS: Readonly<Record<string, string>> = { '0': 'PCMU/8000', '8': 'PCMA/8000' };

/** Holds an SDP answer against Meta's rules (meta-calling.md §4.3). Returns the first fault, or null. */
export function checkAnswer(sdp: unknown, rules: SdpRules): GraphError | null {
  return checkDescription(sdp, rules, 'answer');
}

/** The same for the offer of a call that the business starts. */
export function checkOffer(sdp: unknown, rules: SdpRules): GraphError | null {
  return checkDescription(sdp, rules, 'offer');
}

/** What of a lawful description will still be regretted. */
export function sdpWarnings(sdp: string): SdpWarning[] {
  const lines = sdp.split('\r\n');
  const warnings: SdpWarning[] = [];
  if (lines.includes('a=ice-lite')) warnings.push('ice_lite');
  if (lines.some((line) => line === 'a=recvonly' || line === 'a=sendonly' || line === 'a=inactive')) {
    warnings.push('not_sendrecv');
  }
  if (!attributes(lines, 'rtpmap').some((value) => / telephone-event\/8000/i.test(value))) warnings.push('no_dtmf');
  if (attributes(lines, 'ptime').length === 0) warnings.push('no_ptime');
  if (!lines.includes('a=rtcp-mux')) warnings.push('no_rtcp_mux');
  return warnings;
}

function checkDescription(sdp: unknown, rules: SdpRules, kind: 'offer' | 'answer'): GraphError | null {
  if (typeof sdp !== 'string' || sdp.trim() === '') return fault('session.sdp is required');
  const form = checkForm(sdp);
  if (form !== null) return fault(form);
  const lines = sdp.split('\r\n');
  const details =
    checkMedia(lines) ??
    checkCodecs(lines, rules) ??
    checkFingerprint(lines) ??
    checkSetup(lines, kind) ??
    checkIce(lines);
  return details === null ? null : fault(details);
}

function fault(details: string): GraphError {
  return graphError(100, details, SDP_SUBCODE);
}

function checkForm(sdp: string): string | null {
  if (sdp.includes('\\r\\n') || sdp.includes('\\n')) return 'SDP has escaped line ends: it was encoded twice';
  if (sdp.startsWith('{')) return 'SDP must be RFC 8866 text, not JSON';
  if (/(?<!\r)\n|\r(?!\n)/.test(sdp) || !sdp.endsWith('\r\n')) return 'SDP lines must end with CRLF';
  const lines = sdp.slice(0, -2).split('\r\n');
  if (lines[0] !== 'v=0') return 'SDP must begin with v=0';
  if (!lines.every((line) => /^[a-z]=/.test(line))) return 'SDP has a line that is not of the form x=value';
  return null;
}

function checkMedia(lines: readonly string[]): string | null {
  const media = lines.filter((line) => line.startsWith('m='));
  if (media.length !== 1) return `SDP must have exactly one m-line, found ${media.length}`;
  const match = /^m=audio (\d+) (\S+)( \d+)+$/.exec(media[0] ?? '');
  if (match === null) return 'The m-line must be audio with payload types';
  if (match[1] === '0') return 'The audio m-line was declined with port 0';
  if (match[2] !== 'UDP/TLS/RTP/SAVPF') return 'The transport of the m-line must be UDP/TLS/RTP/SAVPF';
  const sources = new Set(attributes(lines, 'ssrc').map((value) => value.split(' ')[0]));
  return sources.size > 1 ? 'SDP must have one SSRC' : null;
}

function checkCodecs(lines: readonly string[], rules: SdpRules): string | null {
  const mLine = lines.find((line) => line.startsWith('m=')) ?? '';
  const names = new Map(
    attributes(lines, 'rtpmap').map((value): [string, string] => {
      const [payloadType = '', name = ''] = value.split(' ');
      return [payloadType, name];
    }),
  );
  let voice = false;
  for (const payloadType of mLine.split(' ').slice(3)) {
    const name = names.get(payloadType) ?? STATIC_CODECS[payloadType];
    if (name === undefined) return `Payload type ${payloadType} has no rtpmap`;
    switch (name.toLowerCase()) {
      case 'opus/48000/2':
        voice = true;
        break;
      case 'telephone-event/8000':
        break;
      case 'pcma/8000':
      case 'pcmu/8000':
        if (!rules.g711) return `Unsupported codec ${name}`;
        voice = true;
        break;
      default:
        return `Unsupported codec ${name}`;
    }
  }
  if (!voice) return 'SDP has no supported audio codec';
  const ptimes = attributes(lines, 'ptime');
  return ptimes.every((ptime) => ptime === '20') ? null : 'ptime must be 20';
}

function checkFingerprint(lines: readonly string[]): string | null {
  const prints = attributes(lines, 'fingerprint').map((value) => value.split(' '));
  if (prints.length === 0) return 'Fingerprint is missing';
  // Upper case was accepted in production (meta-calling.md §4.3).
  if (prints.some(([algorithm]) => algorithm?.toLowerCase() !== 'sha-256')) return 'Fingerprint algo is not SHA256';
  if (prints.length > 1) return 'SDP must have exactly one fingerprint';
  return /^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/i.test(prints[0]?.[1] ?? '') ? null : 'Fingerprint is not 32 bytes of hex';
}

function checkSetup(lines: readonly string[], kind: 'offer' | 'answer'): string | null {
  const setups = attributes(lines, 'setup');
  if (setups.length === 0) return 'setup is missing';
  const allowed = kind === 'offer' ? ['actpass'] : ['active', 'passive'];
  return setups.every((setup) => allowed.includes(setup))
    ? null
    : `setup of an ${kind} must be ${allowed.join(' or ')}`;
}

function checkIce(lines: readonly string[]): string | null {
  const ufrag = attributes(lines, 'ice-ufrag')[0] ?? '';
  const password = attributes(lines, 'ice-pwd')[0] ?? '';
  if (ufrag.length < 4) return 'ice-ufrag is missing or too short';
  return password.length >= 22 ? null : 'ice-pwd is missing or too short';
}

function attributes(lines: readonly string[], name: string): string[] {
  const prefix = `a=${name}:`;
  return lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
}
