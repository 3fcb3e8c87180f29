import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { z } from 'zod';
import type { CallEvent } from './page/call-event.ts';
import { placePageCall } from './page/page-calls.ts';
import { PageLine } from './page/page-line.ts';
import { PageProfile, type ProfileEvent } from './page/page-profile.ts';
import { PageRings } from './page/page-rings.ts';
import type { SimulatedWhatsApp } from './whatsapp.ts';

export interface BrowserPhoneOptions {
  readonly whatsapp: SimulatedWhatsApp;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Folder of the page. */
  readonly pageFolder: string;
  /** Phone number of the page's user, digits. Default 14155550142. */
  readonly user?: string;
}

export interface BrowserPhone {
  /** Where a person opens it. */
  readonly url: string;
  /** Phone number of its user, digits. */
  readonly user: string;
  /** Hangs up the calls of all pages that are open. */
  close(): Promise<void>;
}

const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/phone.js': ['phone.js', 'text/javascript; charset=utf-8'],
  '/call.js': ['call.js', 'text/javascript; charset=utf-8'],
  '/sound.js': ['sound.js', 'text/javascript; charset=utf-8'],
  '/server.js': ['server.js', 'text/javascript; charset=utf-8'],
  '/profile.js': ['profile.js', 'text/javascript; charset=utf-8'],
  '/phone.css': ['phone.css', 'text/css; charset=utf-8'],
} as const;

const USER = '14155550142';

const Session = z.object({ sdp: z.string().min(1).max(20_000) });
const Answer = z.object({ answer: z.enum(['accept', 'accept_always', 'reject']) });
const Permit = z.object({ status: z.enum(['no_permission', 'temporary', 'permanent']) });

type OfOne = { Params: { id: string } };

/**
 * Serves a page in which a person is one WhatsApp user: the browser carries the sound, the simulated WhatsApp does the rest.
 * A call is one request, `POST /phone/calls` with the offer of the page, or `POST /phone/rings/{id}` with its answer to a
 * call of the business: the response lasts as long as the call and says what happens; a page that ends the request, or goes
 * away, declines or hangs up. `GET /phone/profile` lasts as long as the page and says what comes in: calls, and requests to
 * be allowed to call. Without an open page the phone cannot be rung. Rejects with the system's error if the port is taken.
 */
export async function startBrowserPhone(options: BrowserPhoneOptions): Promise<BrowserPhone> {
  const { whatsapp, host, port, pageFolder, user = USER } = options;
  const app = Fastify({ forceCloseConnections: true });
  for (const [path, [file, type]] of Object.entries(FILES)) {
    const content = readFileSync(join(pageFolder, file));
    app.get(path, (_request, reply) => reply.type(type).header('cache-control', 'no-store').send(content));
  }
  const profile = new PageProfile(whatsapp, user);
  const rings = new PageRings();
  profileRoutes(app, profile, () => whatsapp.message(user));
  callRoutes(app, whatsapp, user, rings);
  await app.listen({ host, port });
  whatsapp.answerRequests(user, { reply: (id) => profile.ask(id) });
  whatsapp.answerCalls(user, {
    handset: async (offer, listener) => {
      if (!profile.open) throw new Error('No page of this phone is open.');
      // A call is on the list of those received before it rings.
      const call = whatsapp.received.at(-1) ?? null;
      const handset = await rings.open(call, listener, (id) => profile.tell({ type: 'incoming', id, sdp: offer }));
      const close = async () => {
        await handset.close();
        // Too many that nobody took, and WhatsApp takes the permission back.
        profile.refresh();
      };
      return { ...handset, close };
    },
  });
  const close = async () => {
    rings.close();
    await app.close();
  };
  return { url: app.listeningOrigin, user, close };
}

function callRoutes(app: FastifyInstance, whatsapp: SimulatedWhatsApp, user: string, rings: PageRings): void {
  app.post('/phone/calls', async (request, reply) => {
    const body = Session.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, 'sdp must be the text of an offer');
    reply.hijack();
    await placePageCall(whatsapp, user, body.data.sdp, new PageLine<CallEvent>(reply.raw));
    return reply;
  });
  app.post<OfOne>('/phone/rings/:id', async (request, reply) => {
    const { id } = request.params;
    const body = Session.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, 'sdp must be the text of an answer');
    if (!rings.waits(id)) return refuse(reply, 404, 'no such call waits for an answer');
    reply.hijack();
    rings.answer(id, body.data.sdp, new PageLine<CallEvent>(reply.raw));
    return reply;
  });
  app.post<OfOne>('/phone/rings/:id/accept', async (request, reply) => {
    return rings.accept(request.params.id) ? reply.code(204).send() : refuse(reply, 404, 'no such call rings');
  });
}

function profileRoutes(app: FastifyInstance, profile: PageProfile, write: () => Promise<void>): void {
  app.get('/phone/profile', async (_request, reply) => {
    reply.hijack();
    profile.connect(new PageLine<ProfileEvent>(reply.raw));
    return reply;
  });
  app.post<OfOne>('/phone/requests/:id', async (request, reply) => {
    const body = Answer.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, 'answer must be accept, accept_always or reject');
    if (!profile.answer(request.params.id, body.data.answer)) return refuse(reply, 404, 'no such request waits');
    return reply.code(204).send();
  });
  app.post('/phone/permission', async (request, reply) => {
    const body = Permit.safeParse(request.body);
    if (!body.success) return refuse(reply, 400, 'status must be no_permission, temporary or permanent');
    await profile.permit(body.data.status);
    return reply.code(204).send();
  });
  app.post('/phone/messages', async (_request, reply) => {
    await write();
    return reply.code(204).send();
  });
}

function refuse(reply: FastifyReply, status: number, error: string): FastifyReply {
  return reply.code(status).send({ error });
}
