import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { AgentLines } from '../../agents/index.ts';

const LINE_PATH = '/agents/v1/line';
const CALL_PATH = /^\/agents\/v1\/calls\/([A-Za-z0-9_-]{16,128})$/;
/** A call is never as quiet as this: sound and pings flow. */
const IDLE_MS = 60_000;

/**
 * Where agents come in that dial us: websockets at /agents/v1/line, which are their lines, and at /agents/v1/calls/{token},
 * which are spliced to the media thread that waits for them. Every other websocket is refused with 404. To be attached
 * before the server listens; its close ends all of them. The server must be made with `isWebsocketUpgrade`. A call over which
 * nothing was sent for `idleMs` is cut.
 */
export function attachAgentDoor(server: FastifyInstance, lines: AgentLines, idleMs = IDLE_MS): void {
  const spliced = new Set<Socket>();
  server.server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    // What comes over a TCP or TLS port is a socket.
    const socket = stream as Socket;
    const url = urlOf(request);
    if (url?.pathname === LINE_PATH) return openLine(lines, url, request, socket, head);
    const token = CALL_PATH.exec(url?.pathname ?? '')?.[1];
    const port = token === undefined ? null : lines.portOf(token);
    if (token === undefined || port === null) return refuse(socket, '404 Not Found');
    spliced.add(socket);
    socket.once('close', () => spliced.delete(socket));
    const inside = connect(port, '127.0.0.1');
    inside.write(headOf(request, token));
    inside.write(head);
    splice(socket, inside, idleMs);
  });
  server.addHook('preClose', async () => {
    await lines.close();
    for (const socket of spliced) socket.destroy();
  });
}

/**
 * For `shouldUpgradeCallback` of an http.Server: only requests for a websocket are taken out of HTTP. Clients that offer
 * HTTP/2 in passing stay in it.
 */
export function isWebsocketUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Makes the URLs that agents dial for one call: below `publicUrl` (http:// or https://), or else at the host by which the
 * agent reached us.
 */
export function agentCallUrl(publicUrl: string | null): (token: string, host: string | undefined) => string {
  const base = publicUrl?.replace(/^http/i, 'ws').replace(/\/+$/, '');
  return (token, host) => `${base ?? `ws://${host ?? 'localhost'}`}/agents/v1/calls/${token}`;
}

function openLine(lines: AgentLines, url: URL, request: IncomingMessage, socket: Socket, head: Buffer): void {
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  const token = bearer ?? url.searchParams.get('token');
  const agent = token === null ? null : lines.admit(token);
  if (token === null || agent === null) return refuse(socket, '401 Unauthorized');
  lines.open(agent, token, request, socket, head);
}

function urlOf(request: IncomingMessage): URL | null {
  return URL.parse(request.url ?? '', 'http://bridge');
}

function refuse(socket: Socket, status: string): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

/** The request as it came in, but for its path. */
function headOf(request: IncomingMessage, token: string): Buffer {
  const lines = [`GET /${token} HTTP/1.1`];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
  }
  // Node reads headers as latin1.
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** Joins both connections until either ends. What one end said last still reaches the other. */
function splice(agent: Socket, inside: Socket, idleMs: number): void {
  for (const [from, to] of [
    [agent, inside],
    [inside, agent],
  ] as const) {
    from.setNoDelay(true);
    // An end that neither reads nor goes away would hold both for ever.
    from.setTimeout(idleMs, () => from.destroy());
    from.on('error', () => {});
    from.once('close', () => to.destroySoon());
    from.pipe(to);
  }
}
