import { isIP, SocketAddress } from 'node:net';

/** A UDP candidate of component 1. `host` is always an IP address as the system writes it, never a name. */
export interface SdpCandidate {
  readonly foundation: string;
  readonly priority: number;
  readonly host: string;
  readonly port: number;
  readonly type: CandidateType;
  /** The base behind a server-reflexive or relayed address. */
  readonly related: { readonly host: string; readonly port: number } | null;
}

export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay';

const TYPES: readonly string[] = ['host', 'srflx', 'prflx', 'relay'] satisfies CandidateType[];

/**
 * Reads the value of an `a=candidate` line. Answers null for what we cannot use: TCP, another component, a name (an mDNS
 * name would make us ask the local network), or a line that is broken. One bad candidate does not spoil an offer.
 */
export function parseCandidate(value: string): SdpCandidate | null {
  const [foundation, component, transport, priority, host, port, typ, type] = value.split(/\s+/);
  if (foundation === undefined || host === undefined || type === undefined) return null;
  if (component !== '1' || typ !== 'typ' || transport?.toLowerCase() !== 'udp') return null;
  if (isIP(host) === 0 || host.includes('%') || !TYPES.includes(type)) return null;
  const portNumber = wholeNumber(port, 65_535);
  const priorityNumber = wholeNumber(priority, 0xff_ff_ff_ff);
  if (portNumber === null || portNumber === 0 || priorityNumber === null) return null;
  return {
    foundation,
    priority: priorityNumber,
    host: asSystemWrites(host),
    port: portNumber,
    type: type as CandidateType,
    related: null,
  };
}

/** The value of an `a=candidate` line, with `suffix` (Meta's `generation 0 network-cost 50`) if given. */
export function formatCandidate(candidate: SdpCandidate, suffix = ''): string {
  const { foundation, priority, host, port, type, related } = candidate;
  const base = related === null ? '' : ` raddr ${related.host} rport ${related.port}`;
  const end = suffix === '' ? '' : ` ${suffix}`;
  return `${foundation} 1 udp ${priority} ${host} ${port} typ ${type}${base}${end}`;
}

/** IPv6 has many spellings, and what comes from an address is told by its sender's: `2001:DB8::0:1` would match nobody. */
function asSystemWrites(host: string): string {
  return isIP(host) === 6 ? new SocketAddress({ address: host, family: 'ipv6' }).address : host;
}

/** A decimal number of 0..max, or null. */
export function wholeNumber(text: string | undefined, max: number): number | null {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return null;
  const value = Number(text);
  return value <= max ? value : null;
}
