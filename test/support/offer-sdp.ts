/** The lines of Meta's production offer (meta-calling.md §4.1), values invented. */
const META_OFFER = [
  'v=0',
  'o=- 1752670000000 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE audio',
  'a=msid-semantic: WMS 7c28e4e1-6d1b-4d6a-9d5e-0c8b8f1a2b3c',
  'a=ice-lite',
  'm=audio 3484 UDP/TLS/RTP/SAVPF 111 126',
  'c=IN IP4 192.0.2.1',
  'a=rtcp:9 IN IP4 0.0.0.0',
  'a=candidate:1972042870 1 udp 2122260223 192.0.2.1 3484 typ host generation 0 network-cost 50',
  'a=candidate:2514157000 1 udp 2122262783 2001:db8::1 3484 typ host generation 0 network-cost 50',
  'a=ice-ufrag:Xy7aQ2mPz0LkWv3T',
  'a=ice-pwd:b3BlbnNlc2FtZWNyZXQyMg==',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0').toUpperCase()).join(':')}`,
  'a=setup:actpass',
  'a=mid:audio',
  'a=sendrecv',
  'a=msid:7c28e4e1-6d1b-4d6a-9d5e-0c8b8f1a2b3c WhatsAppTrack1',
  'a=rtcp-mux',
  'a=rtpmap:111 opus/48000/2',
  'a=rtcp-fb:111 transport-cc',
  'a=fmtp:111 maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;sprop-maxcapturerate=16000;useinbandfec=1',
  'a=rtpmap:126 telephone-event/8000',
  'a=maxptime:20',
  'a=ptime:20',
  'a=ssrc:972010428 cname:WhatsAppAudioStream1',
];

/**
 * An offer as Meta sends it. `edit` maps each line to what stands in its place: another line, several, or none (null).
 */
export function offerSdp(edit: (line: string) => string | readonly string[] | null = (line) => line): string {
  const lines = META_OFFER.flatMap((line) => edit(line) ?? []);
  return `${lines.join('\r\n')}\r\n`;
}

/** Replaces the line that begins with `prefix`. */
export function withLine(prefix: string, replacement: string | readonly string[] | null): string {
  return offerSdp((line) => (line.startsWith(prefix) ? replacement : line));
}
