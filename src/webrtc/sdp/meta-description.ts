import { formatCandidate, type SdpCandidate } from './candidate.ts';
import { defaultAddress, type LocalDescription } from './local-description.ts';
import type { DtlsSetup } from './remote-description.ts';

/** What differs between Meta's offers and its answers. */
export interface MetaStream {
  readonly mid: string;
  readonly bundled: boolean;
  readonly trickle: boolean;
  readonly setup: DtlsSetup;
  readonly opusPayloadType: number;
  readonly dtmfPayloadType: number | null;
}

/** Meta's fixed priorities: the IPv6 one is the higher (meta-calling.md §4.1). */
const PRIORITY = { ip4: 2_122_260_223, ip6: 2_122_262_783 } as const;

/**
 * The SDP of WhatsApp's edge, line for line as in production (meta-calling.md §4.1): ICE-lite, one IPv4 candidate and
 * at most one of IPv6. For the simulator's phone. `nowMs` is the epoch time that Meta puts into `o=`.
 */
export function formatMetaDescription(local: LocalDescription, nowMs: number, stream: MetaStream): string {
  const candidates = metaCandidates(local.candidates);
  const address = defaultAddress(candidates);
  const { opusPayloadType: opus, dtmfPayloadType: dtmf } = stream;
  const lines = [
    'v=0',
    `o=- ${nowMs} 2 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    ...(stream.bundled ? [`a=group:BUNDLE ${stream.mid}`] : []),
    `a=msid-semantic: WMS ${local.cname}`,
    'a=ice-lite',
    `m=audio ${address.port} UDP/TLS/RTP/SAVPF ${opus}${dtmf === null ? '' : ` ${dtmf}`}`,
    `c=IN ${address.family} ${address.host}`,
    'a=rtcp:9 IN IP4 0.0.0.0',
    ...candidates.map((candidate) => `a=candidate:${formatCandidate(candidate, 'generation 0 network-cost 50')}`),
    `a=ice-ufrag:${local.iceUfrag}`,
    `a=ice-pwd:${local.icePwd}`,
    ...(stream.trickle ? ['a=ice-options:trickle'] : []),
    `a=fingerprint:sha-256 ${local.fingerprint}`,
    `a=setup:${stream.setup}`,
    `a=mid:${stream.mid}`,
    'a=sendrecv',
    `a=msid:${local.cname} WhatsAppTrack1`,
    'a=rtcp-mux',
    `a=rtpmap:${opus} opus/48000/2`,
    `a=rtcp-fb:${opus} transport-cc`,
    `a=fmtp:${opus} maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;sprop-maxcapturerate=16000;useinbandfec=1`,
    ...(dtmf === null ? [] : [`a=rtpmap:${dtmf} telephone-event/8000`]),
    'a=maxptime:20',
    'a=ptime:20',
    `a=ssrc:${local.ssrc} cname:WhatsAppAudioStream1`,
  ];
  return `${lines.join('\r\n')}\r\n`;
}

function metaCandidates(candidates: readonly SdpCandidate[]): SdpCandidate[] {
  const hosts = candidates.filter((candidate) => candidate.type === 'host');
  const ip4 = hosts.find((candidate) => !candidate.host.includes(':'));
  const ip6 = hosts.find((candidate) => candidate.host.includes(':'));
  const shown: SdpCandidate[] = [];
  if (ip4 !== undefined) shown.push({ ...ip4, priority: PRIORITY.ip4 });
  if (ip6 !== undefined) shown.push({ ...ip6, priority: PRIORITY.ip6 });
  return shown;
}
