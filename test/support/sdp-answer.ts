/** A bridge's answer that Meta takes (meta-calling.md §4.3), as lines, so that a test can change one of them. */
const LINES = [
  'v=0',
  'o=- 3969670312 3969670312 IN IP4 0.0.0.0',
  's=-',
  't=0 0',
  'a=group:BUNDLE audio',
  'm=audio 51420 UDP/TLS/RTP/SAVPF 111 126',
  'c=IN IP4 127.0.0.1',
  'a=sendrecv',
  'a=mid:audio',
  'a=rtcp-mux',
  'a=ssrc:871350736 cname:bridge',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=20;useinbandfec=1',
  'a=rtpmap:126 telephone-event/8000',
  'a=ptime:20',
  'a=candidate:1 1 udp 2130706431 127.0.0.1 51420 typ host',
  'a=ice-ufrag:TJvSTJvS',
  'a=ice-pwd:abcdefghijklmnopqrstuvwx',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`,
  'a=setup:active',
] as const;

/** Lines whose beginning is a key are replaced; a null value takes the line away, an array makes several of it. */
export function sdpAnswer(changes: Readonly<Record<string, string | readonly string[] | null>> = {}): string {
  const lines = LINES.flatMap((line): readonly string[] => {
    const key = Object.keys(changes).find((start) => line.startsWith(start));
    if (key === undefined) return [line];
    const change = changes[key] ?? [];
    return typeof change === 'string' ? [change] : change;
  });
  return `${lines.join('\r\n')}\r\n`;
}
