import type { Endpoint } from './relay.ts';

/**
 * Puts another address into an SDP: its only candidate, its `c=` line and its media port become `endpoint`'s (IPv4).
 * Line ends and everything else stay as they are.
 */
export function redirectSdp(sdp: string, endpoint: Endpoint): string {
  const lines: string[] = [];
  let redirected = false;
  for (const line of sdp.split('\r\n')) {
    if (line.startsWith('m=')) {
      lines.push(line.replace(/^(m=\S+) \d+/, `$1 ${endpoint.port}`));
    } else if (line.startsWith('c=')) {
      lines.push(`c=IN IP4 ${endpoint.host}`);
    } else if (line.startsWith('a=candidate:')) {
      const fields = line.split(' ');
      if (redirected || fields[4]?.includes(':')) continue;
      fields[4] = endpoint.host;
      fields[5] = String(endpoint.port);
      lines.push(fields.join(' '));
      redirected = true;
    } else {
      lines.push(line);
    }
  }
  return lines.join('\r\n');
}

/** Where an SDP's first IPv4 candidate points. Throws a RangeError if it has none. */
export function candidateOf(sdp: string): Endpoint {
  for (const line of sdp.split('\r\n')) {
    if (!line.startsWith('a=candidate:')) continue;
    const [, , , , host, port] = line.split(' ');
    if (host !== undefined && port !== undefined && !host.includes(':')) return { host, port: Number(port) };
  }
  throw new RangeError('The SDP has no IPv4 candidate.');
}
