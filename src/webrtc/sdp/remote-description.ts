import { LegError } from '../leg-error.ts';
import { parseCandidate, type SdpCandidate, wholeNumber } from './candidate.ts';
import { allAttributes, findAttribute, type SdpSection, splitSdp } from './lines.ts';

/** What the other side said about its one audio stream, checked. */
export interface RemoteDescription {
  readonly mid: string;
  readonly bundled: boolean;
  readonly iceLite: boolean;
  readonly iceUfrag: string;
  readonly icePwd: string;
  /** SHA-256 over the DTLS certificate, 64 lower-case hex digits. More than one only if the other side gave several. */
  readonly fingerprints: readonly string[];
  /** In an offer what was offered; in an answer what was decided. */
  readonly setup: DtlsSetup;
  readonly opusPayloadType: number;
  /** RFC 4733 at 8 kHz; null if it was not listed. */
  readonly dtmfPayloadType: number | null;
  /** The SSRC that was declared; what is really sent may differ. */
  readonly ssrc: number | null;
  readonly candidates: readonly SdpCandidate[];
}

export type DtlsSetup = 'actpass' | 'active' | 'passive';

/** Far above any real offer (Meta sends two), low enough that a hostile one cannot make us spray checks. */
const MAX_CANDIDATES = 16;

/**
 * Checks an SDP offer against what a call needs (meta-calling.md §4.1, §4.3).
 *
 * @throws LegError `bad_offer`, naming the line and the rule
 */
export function parseOffer(sdp: string): RemoteDescription {
  const offer = parseDescription(sdp, 'actpass');
  if (offer.setup === 'active') {
    // We are always the DTLS client of an answered call (§4.3); an offerer that insists on being it cannot be served.
    throw new LegError('bad_offer', 'a=setup must be actpass or passive in an offer');
  }
  return offer;
}

/**
 * Checks an SDP answer to an offer of ours. `actpass`, illegal in an answer but seen from Meta, is read as `passive`
 * (meta-calling.md §4.2).
 *
 * @throws LegError `bad_offer`, naming the line and the rule
 */
export function parseAnswer(sdp: string): RemoteDescription {
  const answer = parseDescription(sdp, 'passive');
  return answer.setup === 'actpass' ? { ...answer, setup: 'passive' } : answer;
}

function parseDescription(sdp: string, defaultSetup: DtlsSetup): RemoteDescription {
  const { session, media } = splitSdp(sdp);
  const audio = media[0];
  if (audio === undefined || media.length !== 1) {
    throw new LegError('bad_offer', `SDP must have exactly one m= line, has ${media.length}`);
  }
  const payloadTypes = readMediaLine(audio.media ?? '');
  requireSendrecv(audio, session);
  if (findAttribute('rtcp-mux', audio) === null) throw new LegError('bad_offer', 'a=rtcp-mux is missing');

  const candidates: SdpCandidate[] = [];
  for (const value of allAttributes('candidate', audio)) {
    const candidate = parseCandidate(value);
    if (candidate !== null && candidates.length < MAX_CANDIDATES) candidates.push(candidate);
  }
  const mid = findAttribute('mid', audio);
  return {
    mid: readToken('a=mid', mid ?? '0', /^[\w.+-]{1,64}$/),
    bundled: mid !== null && (findAttribute('group', session)?.startsWith('BUNDLE') ?? false),
    iceLite: findAttribute('ice-lite', session, audio) !== null,
    // RFC 8839 asks 4 and 22 characters of `ice-char`; Meta's password may end in `==` (§4.1).
    iceUfrag: readToken('a=ice-ufrag', findAttribute('ice-ufrag', audio, session), /^[\w+/=-]{4,256}$/),
    icePwd: readToken('a=ice-pwd', findAttribute('ice-pwd', audio, session), /^[\w+/=-]{22,256}$/),
    fingerprints: readFingerprints(audio, session),
    setup: readSetup(findAttribute('setup', audio, session), defaultSetup),
    ...readCodecs(audio, payloadTypes),
    ssrc: readSsrc(audio),
    candidates,
  };
}

/** Returns the payload types that the line lists. */
function readMediaLine(line: string): number[] {
  const [kind, port, protocol, ...formats] = line.split(/\s+/);
  if (kind !== 'audio') throw new LegError('bad_offer', 'the m= line must be audio');
  const portNumber = wholeNumber(port, 65_535);
  if (portNumber === null || portNumber === 0)
    throw new LegError('bad_offer', 'the m= line must have a port; 0 refuses the stream');
  if (protocol !== 'UDP/TLS/RTP/SAVPF' && protocol !== 'UDP/TLS/RTP/SAVP') {
    throw new LegError('bad_offer', 'the protocol of the m= line must be UDP/TLS/RTP/SAVPF');
  }
  return formats.map((format) => wholeNumber(format, 127)).filter((format) => format !== null);
}

function requireSendrecv(audio: SdpSection, session: SdpSection): void {
  for (const direction of ['sendonly', 'recvonly', 'inactive']) {
    const here = findAttribute(direction, audio) !== null;
    const inherited = findAttribute(direction, session) !== null && findAttribute('sendrecv', audio) === null;
    if (here || inherited) throw new LegError('bad_offer', `direction must be sendrecv, is ${direction}`);
  }
}

function readToken(line: string, value: string | null, rule: RegExp): string {
  if (value === null) throw new LegError('bad_offer', `${line} is missing`);
  if (!rule.test(value)) throw new LegError('bad_offer', `${line} is not well formed`);
  return value;
}

/** Fingerprints of the section win over the session's. Only sha-256 counts; Meta's rule, and the only one we check. */
function readFingerprints(audio: SdpSection, session: SdpSection): string[] {
  const own = allAttributes('fingerprint', audio);
  const lines = own.length > 0 ? own : allAttributes('fingerprint', session);
  if (lines.length === 0) throw new LegError('bad_offer', 'a=fingerprint is missing');
  const prints: string[] = [];
  for (const line of lines) {
    const [algorithm, value] = line.split(/\s+/);
    if (algorithm?.toLowerCase() !== 'sha-256' || value === undefined) continue;
    if (!/^[\da-f]{2}(:[\da-f]{2}){31}$/i.test(value)) {
      throw new LegError('bad_offer', 'a=fingerprint:sha-256 must be 32 bytes in hex with colons');
    }
    prints.push(value.replaceAll(':', '').toLowerCase());
  }
  if (prints.length === 0) throw new LegError('bad_offer', 'a=fingerprint must have a sha-256 value');
  return prints;
}

function readSetup(value: string | null, fallback: DtlsSetup): DtlsSetup {
  switch (value) {
    case null:
      return fallback;
    case 'actpass':
    case 'active':
    case 'passive':
      return value;
    default:
      throw new LegError('bad_offer', 'a=setup must be actpass, active or passive');
  }
}

function readCodecs(
  audio: SdpSection,
  payloadTypes: readonly number[],
): Pick<RemoteDescription, 'opusPayloadType' | 'dtmfPayloadType'> {
  let opus: number | null = null;
  let dtmf: number | null = null;
  for (const line of allAttributes('rtpmap', audio)) {
    const [type, codec] = line.split(/\s+/);
    const payloadType = wholeNumber(type, 127);
    if (payloadType === null || !payloadTypes.includes(payloadType) || isTakenByRtcp(payloadType)) continue;
    const name = codec?.toLowerCase();
    if (name === 'opus/48000/2') opus ??= payloadType;
    if (name === 'telephone-event/8000' || name === 'telephone-event/8000/1') dtmf ??= payloadType;
  }
  if (opus === null) throw new LegError('bad_offer', 'no a=rtpmap with opus/48000/2 among the payload types');
  return { opusPayloadType: opus, dtmfPayloadType: dtmf === opus ? null : dtmf };
}

/** With rtcp-mux, 64..95 cannot be told from RTCP packet types (RFC 5761 §4). */
function isTakenByRtcp(payloadType: number): boolean {
  return payloadType >= 64 && payloadType <= 95;
}

function readSsrc(audio: SdpSection): number | null {
  return wholeNumber(findAttribute('ssrc', audio)?.split(/\s+/)[0], 0xff_ff_ff_ff);
}
