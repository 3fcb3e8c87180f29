import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import Fastify from 'fastify';
import { z } from 'zod';
import type { Handset } from './handset.ts';
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
  /** Hangs up the calls of all pages that are open. */
  close(): Promise<void>;
}

/** What the page hears about its call, a JSON object per line. */
type PhoneEvent =
  | { readonly type: 'ringing' }
  | { readonly type: 'webhook_answered' }
  | { readonly type: 'answer'; readonly sdp: string }
  | { readonly type: 'accepted' }
  /** `why` is a sentence for the person. Nothing comes after it. */
  | { readonly type: 'ended'; readonly why: string };

const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/phone.js': ['phone.js', 'text/javascript; charset=utf-8'],
  '/call.js': ['call.js', 'text/javascript; charset=utf-8'],
  '/phone.css': ['phone.css', 'text/css; charset=utf-8'],
} as const;

const NewCall = z.object({ sdp: z.string().min(1).max(20_000) });

/**
 * Serves a page in which a person is the WhatsApp user: the browser makes the offer and carries the sound, the simulated
 * WhatsApp does the rest. A call is one request, `POST /phone/calls` with the offer: its response lasts as long as the call
 * and says what happens; a page that ends the request, or goes away, hangs up. Rejects with the system's error if the port
 * is taken.
 */
export async function startBrowserPhone(options: BrowserPhoneOptions): Promise<BrowserPhone> {
  const { whatsapp, host, port, pageFolder } = options;
  const app = Fastify({ forceCloseConnections: true });
  for (const [path, [file, type]] of Object.entries(FILES)) {
    const content = readFileSync(join(pageFolder, file));
    app.get(path, (_request, reply) => reply.type(type).header('cache-control', 'no-store').send(content));
  }
  app.post('/phone/calls', async (request, reply) => {
    const body = NewCall.safeParse(request.body);
    if (!body.success) return reply.code(400).send({ error: 'sdp must be the text of an offer' });
    reply.hijack();
    await carry(whatsapp, body.data.sdp, reply.raw);
    return reply;
  });
  await app.listen({ host, port });
  return { url: app.listeningOrigin, close: () => app.close() };
}

/** Places the call of one page and writes what happens to `page`. Resolves when it rings. */
async function carry(whatsapp: SimulatedWhatsApp, offer: string, page: ServerResponse): Promise<void> {
  page.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  const tell = (event: PhoneEvent) => {
    if (page.writable) page.write(`${JSON.stringify(event)}\n`);
  };
  const end = (why: string) => {
    tell({ type: 'ended', why });
    page.end();
  };
  let call: SimulatedCall | null = null;
  try {
    call = await whatsapp.call({
      handset: async (listener) => {
        page.once('close', () => listener.onHangUp());
        return browserHandset(offer, tell, () => end(whyEnded(call)));
      },
    });
  } catch (error) {
    end(error instanceof Error ? error.message : String(error));
    return;
  }
  call.onEntry(({ type }) => {
    if (type === 'webhook_answered') tell({ type });
  });
  tell({ type: 'ringing' });
  // The page may have gone before there was a call to hang up.
  if (page.closed) call.hangUp();
}

/** A handset whose WebRTC leg is in the browser. */
function browserHandset(offer: string, tell: (event: PhoneEvent) => void, onClosed: () => void): Handset {
  let closed = false;
  return {
    offer,
    applyAnswer: async (sdp) => tell({ type: 'answer', sdp }),
    accepted: () => tell({ type: 'accepted' }),
    async close() {
      if (closed) return;
      closed = true;
      onClosed();
    },
  };
}

/** A page that hung up does not read this, so the end by the user is that of the simulated WhatsApp. */
function whyEnded(call: SimulatedCall | null): string {
  const passed = (type: string) => call?.timeline.some((entry) => entry.type === type) ?? false;
  switch (call?.endedBy) {
    case 'business':
      if (passed('accepted')) return 'The other side hung up.';
      return 'The call was rejected before it was answered. Is the agent running?';
    case 'meta':
      if (passed('webhook_answered')) return 'Nobody answered the call in time.';
      return 'The bridge could not be reached. Is it running?';
    default:
      return 'The simulated WhatsApp has gone.';
  }
}
