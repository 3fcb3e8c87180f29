import { isIP } from 'node:net';
import { z } from 'zod';
import type { AgentUnavailable } from './call/index.ts';

/** How the texts of the environment become values. Every message completes "is wrong: …" and never repeats the text. */
type Text<T> = z.ZodType<T, string>;

/** A parser that says null for a wrong text. */
function value<T>(rule: string, parse: (text: string) => T | null): Text<T> {
  return z.string().transform((text, context) => {
    const parsed = parse(text);
    if (parsed !== null) return parsed;
    context.addIssue({ code: 'custom', message: rule });
    return z.NEVER;
  });
}

/** Both ends included. */
export function integer(min: number, max: number): Text<number> {
  return value(`must be a whole number from ${min} to ${max}`, (text) => integerIn(text, min, max));
}

/** Separated by commas. */
export function secretList(minLength: number): Text<readonly string[]> {
  return value(`must be one or more texts of at least ${minLength} characters, separated by commas`, (text) => {
    const items = split(text);
    return items.length > 0 && items.every((item) => item.length >= minLength) ? items : null;
  });
}

/** What can stand in an HTTP header as it is. */
export const token: Text<string> = value('must be one word of printable ASCII characters, without spaces', (text) =>
  /^[\x21-\x7e]+$/.test(text) ? text : null,
);

/** 32 bytes in hex, base64 or base64url. */
export const masterKey: Text<Buffer> = value('must be 32 bytes in base64 (44 characters) or hex (64)', (text) => {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : null;
});

/** Without a slash at its end. */
export const httpUrl: Text<string> = value('must be an http:// or https:// URL without a query', (text) => {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '') return null;
  return url.username === '' && url.password === '' ? url.href.replace(/\/+$/, '') : null;
});

/** As storage takes it. A URL holds a password. */
export type DatabasePlace = { readonly path: string } | { readonly url: string };

export const databasePlace: Text<DatabasePlace> = value(
  'must be the path of a file, or a URL such as postgres://user:password@host:5432/name',
  (text) => {
    if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { path: text };
    // With `?host=` in it, for a Unix socket, there is none where a URL must have one.
    const url = URL.parse(text.replace('@/', '@localhost/'));
    if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol)) return null;
    const isReadable = [url.username, url.password, url.pathname].every((part) => decoded(part) !== null);
    return isReadable && url.pathname.length > 1 ? { url: text } : null;
  },
);

/** The passwords of a database URL, as they stand in it and as they are meant. */
export function databasePasswords(place: DatabasePlace): string[] {
  if ('path' in place) return [];
  const url = URL.parse(place.url.replace('@/', '@localhost/'));
  const found = [url?.password ?? '', url?.searchParams.get('password') ?? ''];
  return found.filter((password) => password !== '').flatMap((each) => [each, decoded(each) ?? each]);
}

/** Which of them an agent may have, its wire says. */
export const agentUrl: Text<string> = value(
  'must be a ws://, wss://, http:// or https:// URL without user, password and fragment',
  (text) => {
    const url = URL.parse(text);
    if (url === null || !['ws:', 'wss:', 'http:', 'https:'].includes(url.protocol) || url.hash !== '') return null;
    return url.username === '' && url.password === '' ? text : null;
  },
);

export const onOff: Text<boolean> = value('must be on or off', (text) => {
  if (/^(on|true|yes|1)$/i.test(text)) return true;
  return /^(off|false|no|0)$/i.test(text) ? false : null;
});

export const address: Text<string> = value('must be an IP address', (text) => (isIP(text) === 0 ? null : text));

export const addresses: Text<readonly string[]> = value('must be IP addresses, separated by commas', (text) => {
  const items = split(text);
  return items.length > 0 && items.every((item) => isIP(item) !== 0) ? items : null;
});

/** Addresses, and networks such as 10.0.0.0/8. One of everybody is none: the HTTP server does not start with it. */
export const networks: Text<readonly string[]> = value(
  'must be IP addresses or networks such as 10.0.0.0/8, separated by commas',
  (text) => {
    const items = split(text);
    return items.length > 0 && items.every((item) => isIP(item) !== 0 || isNetwork(item)) ? items : null;
  },
);

function isNetwork(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  const version = isIP(address);
  return rest.length === 0 && version !== 0 && integerIn(bits, 1, version === 4 ? 32 : 128) !== null;
}

export const portRange: Text<readonly [number, number]> = value(
  'must be two ports from 1024 to 65535, the lower first, such as 40000-40999',
  (text) => {
    const [, low, high] = /^(\d{1,5}) ?- ?(\d{1,5})$/.exec(text) ?? [];
    const first = integerIn(low ?? '', 1024, 65_535);
    const last = integerIn(high ?? '', 1024, 65_535);
    return first !== null && last !== null && first <= last ? [first, last] : null;
  },
);

/** A prompt is a plain file name: it must not lead out of the folder of prompts. */
export const agentUnavailable: Text<AgentUnavailable> = value(
  'must be reject, or prompt: and the name of a file in the folder of prompts',
  (text) => {
    if (text === 'reject') return { action: 'reject' };
    const prompt = /^prompt:([A-Za-z0-9_][\w.-]*)$/.exec(text)?.[1];
    return prompt === undefined ? null : { action: 'prompt', prompt };
  },
);

export interface IceServer {
  readonly urls: string;
  readonly username?: string;
  readonly credential?: string;
}

export const iceServers: Text<readonly IceServer[]> = value(
  'must be stun:host:port or turn:user:password@host:port, separated by commas, or a JSON list; TURN needs user and password',
  (text) => {
    const servers = text.startsWith('[') ? iceServersOfJson(text) : split(text).map(iceServerOfText);
    if (servers === null || servers.length === 0) return null;
    return servers.every((server) => server !== null && isIceServer(server)) ? (servers as IceServer[]) : null;
  },
);

const ICE_SERVER_ENTRY = z.object({
  urls: z.union([z.string(), z.array(z.string()).min(1)]),
  username: z.string().optional(),
  credential: z.string().optional(),
});

function iceServersOfJson(text: string): IceServer[] | null {
  const entries = z.array(ICE_SERVER_ENTRY).safeParse(parseJson(text));
  if (!entries.success) return null;
  return entries.data.flatMap(({ urls, username, credential }) =>
    [urls].flat().map((url) => ({
      urls: url,
      ...(username !== undefined && { username }),
      ...(credential !== undefined && { credential }),
    })),
  );
}

/** User and password may be percent-encoded, for the sake of commas, colons and at signs. */
function iceServerOfText(text: string): IceServer | null {
  const [, username, credential, host] = /^turn:([^:@]+):([^@]+)@([^@]+)$/.exec(text) ?? [];
  if (username === undefined || credential === undefined) return { urls: text };
  const [user, password] = [decoded(username), decoded(credential)];
  return user === null || password === null ? null : { urls: `turn:${host}`, username: user, credential: password };
}

function isIceServer(server: IceServer): boolean {
  const host = String.raw`(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?`;
  if (new RegExp(`^stun:${host}$`).test(server.urls)) return true;
  const isTurn = new RegExp(String.raw`^turn:${host}(?:\?transport=(?:udp|tcp))?$`).test(server.urls);
  return isTurn && Boolean(server.username) && Boolean(server.credential);
}

function integerIn(text: string, min: number, max: number): number | null {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return number >= min && number <= max ? number : null;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function split(list: string): string[] {
  return list
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
