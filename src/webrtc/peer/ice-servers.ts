import { type IceOptions, parseIceServers } from 'werift';
import type { IceServer } from '../leg.ts';

/**
 * The servers that the configuration names, as werift wants them. Without any, werift would ask Google's
 * (media.md §1, table of faults); `stunServer` must therefore be set on the connection even when it is undefined.
 */
export function iceServerOptions(servers: readonly IceServer[]): Partial<IceOptions> {
  const parsed = parseIceServers(
    servers.map(({ urls, username, credential }) => ({
      urls,
      ...(username === undefined ? {} : { username }),
      ...(credential === undefined ? {} : { credential }),
    })),
  );
  const options: Partial<IceOptions> = {};
  if (parsed.stunServer !== undefined) options.stunServer = parsed.stunServer;
  if (parsed.turnServer !== undefined) options.turnServer = parsed.turnServer;
  if (parsed.turnUsername !== undefined) options.turnUsername = parsed.turnUsername;
  if (parsed.turnPassword !== undefined) options.turnPassword = parsed.turnPassword;
  if (parsed.turnTransport !== undefined) options.turnTransport = parsed.turnTransport;
  return options;
}
