import { formatCandidate, type SdpCandidate } from './candidate.ts';

/** What we say about ourselves, in an offer or an answer. */
export interface LocalDescription {
  /** Unsigned, for the `o=` line. */
  readonly sessionId: string;
  readonly iceUfrag: string;
  readonly icePwd: string;
  /** Upper-case hex with colons, as it stands in the SDP. */
  readonly fingerprint: string;
  readonly ssrc: number;
  readonly cname: string;
  /** In order of preference; the first IPv4 one becomes the default of `m=` and `c=`. */
  readonly candidates: readonly SdpCandidate[];
}

/** The stream as both sides will use it. In an answer these are the offer's own numbers and name. */
export interface LocalStream {
  readonly mid: string;
  readonly bundled: boolean;
  readonly setup: 'actpass' | 'active';
  readonly opusPayloadType: number;
  readonly dtmfPayloadType: number | null;
}

/**
 * Our SDP by the rules of meta-calling.md §4.3: one sha-256 fingerprint in lower case, no ice-lite, Opus and
 * telephone-event/8000 only, ptime 20, sendrecv, one SSRC, CRLF. No line that Meta did not accept from others.
 */
export function formatDescription(local: LocalDescription, stream: LocalStream): string {
  const address = defaultAddress(local.candidates);
  const { opusPayloadType: opus, dtmfPayloadType: dtmf } = stream;
  const lines = [
    'v=0',
    `o=- ${local.sessionId} 2 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    ...(stream.bundled ? [`a=group:BUNDLE ${stream.mid}`] : []),
    'a=msid-semantic: WMS *',
    `m=audio ${address.port} UDP/TLS/RTP/SAVPF ${opus}${dtmf === null ? '' : ` ${dtmf}`}`,
    `c=IN ${address.family} ${address.host}`,
    'a=rtcp:9 IN IP4 0.0.0.0',
    ...local.candidates.map((candidate) => `a=candidate:${formatCandidate(candidate)}`),
    'a=end-of-candidates',
    `a=ice-ufrag:${local.iceUfrag}`,
    `a=ice-pwd:${local.icePwd}`,
    `a=fingerprint:sha-256 ${local.fingerprint}`,
    `a=setup:${stream.setup}`,
    `a=mid:${stream.mid}`,
    'a=sendrecv',
    `a=msid:${local.cname} ${local.cname}`,
    'a=rtcp-mux',
    `a=rtpmap:${opus} opus/48000/2`,
    `a=fmtp:${opus} minptime=20;useinbandfec=1;maxaveragebitrate=20000`,
    ...(dtmf === null ? [] : [`a=rtpmap:${dtmf} telephone-event/8000`]),
    'a=ptime:20',
    'a=maxptime:20',
    `a=ssrc:${local.ssrc} cname:${local.cname}`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** What `m=` and `c=` show to those that read no candidates. Port 9 and 0.0.0.0 by RFC 8840 when there is none. */
export function defaultAddress(candidates: readonly SdpCandidate[]): {
  readonly family: 'IP4' | 'IP6';
  readonly host: string;
  readonly port: number;
} {
  const first = candidates.find((candidate) => !candidate.host.includes(':')) ?? candidates[0];
  if (first === undefined) return { family: 'IP4', host: '0.0.0.0', port: 9 };
  return { family: first.host.includes(':') ? 'IP6' : 'IP4', host: first.host, port: first.port };
}
