import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Fastify, { type FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Handset, HandsetListener } from './handset.ts';
import type { SimulatedCall } from './simulated-call.ts';
import type { SimulatedWhatsApp } from './whatsapp.ts';

export interface BrowserPhoneOptions {
  readonly whatsapp: SimulatedWhatsApp;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Folder of the page. */
  readonly pageFolder: string;
}

export interface BrowserPhone {
  /** Where a person opens it. */
  readonly url: string;
  close(): Promise<void>;
}

const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/phone.js': ['phone.js', 'text/javascript; charset=utf-8'],
  '/phone.css': ['phone.css', 'text/css; charset=utf-8'],
} as const;

const NewCall = z.object({ sdp: z.string().min(1).max(20_000) });

/**
 * Serves a page in which a person is the WhatsApp user: the browser makes the offer and carries the sound, the simulated
 * WhatsApp does the rest. Rejects with the system's error if the port is taken.
 */
export async function startBrowserPhone(options: BrowserPhoneOptions): Promise<BrowserPhone> {
  const { whatsapp, host, port, pageFolder } = options;
  const calls = new Map<string, BrowserCall>();
  const app = Fastify({ forceCloseConnections: true });

  for (const [path, [file, type]] of Object.entries(FILES)) {
    const content = readFileSync(join(pageFolder, file));
    app.get(path, (_request, reply) => reply.type(type).send(content));
  }
  app.post('/phone/calls', async (request, reply) => {
    const body = NewCall.safeParse(request.body);
    if (!body.success) return reply.code(400).send({ error: 'sdp must be the text of an offer' });
    const handset = new BrowserHandset(body.data.sdp);
    const call = await whatsapp.call({
      handset: async (listener) => {
        handset.listen(listener);
        return handset;
      },
    });
    calls.set(call.callId, { call, handset });
    handset.events.once('ended', () => calls.delete(call.callId));
    return { id: call.callId };
  });
  app.get<{ Params: { id: string } }>('/phone/calls/:id/events', (request, reply) => {
    const found = calls.get(request.params.id);
    if (found === undefined) return reply.code(404).send({ error: 'no such call' });
    streamEvents(found.handset, reply);
    return reply;
  });
  app.post<{ Params: { id: string } }>('/phone/calls/:id/hangup', async (request) => {
    calls.get(request.params.id)?.call.hangUp();
    return {};
  });

  await app.listen({ host, port });
  return { url: app.listeningOrigin, close: () => app.close() };
}

interface BrowserCall {
  readonly call: SimulatedCall;
  readonly handset: BrowserHandset;
}

interface PhoneEvent {
  readonly name: 'answer' | 'accepted' | 'ended';
  readonly data: unknown;
}

/** A handset whose WebRTC leg is in the browser; what happens is kept, so that a page that listens late misses nothing. */
class BrowserHandset implements Handset {
  readonly offer: string;
  readonly events = new EventEmitter<{ event: [PhoneEvent]; ended: [] }>();
  readonly past: PhoneEvent[] = [];
  #listener: HandsetListener | null = null;
  #closed = false;

  constructor(offer: string) {
    this.offer = offer;
  }

  listen(listener: HandsetListener): void {
    this.#listener = listener;
  }

  /** The page is gone: the person hung up. */
  leave(): void {
    this.#listener?.onHangUp();
  }

  async applyAnswer(sdp: string): Promise<void> {
    this.#tell({ name: 'answer', data: { sdp } });
  }

  accepted(): void {
    this.#tell({ name: 'accepted', data: {} });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#tell({ name: 'ended', data: { why: 'The call has ended' } });
    this.events.emit('ended');
  }

  #tell(event: PhoneEvent): void {
    this.past.push(event);
    this.events.emit('event', event);
  }
}

/** Server-sent events: what happened already, then what happens. A page that goes away hangs up. */
function streamEvents(handset: BrowserHandset, reply: FastifyReply): void {
  reply.hijack();
  const stream = reply.raw;
  stream.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const send = ({ name, data }: PhoneEvent) => stream.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  for (const event of handset.past) send(event);
  handset.events.on('event', send);
  handset.events.once('ended', () => stream.end());
  stream.once('close', () => {
    handset.events.off('event', send);
    handset.leave();
  });
}
