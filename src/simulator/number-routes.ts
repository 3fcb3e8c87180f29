import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseCallingSettings } from './calling-settings.ts';
import { graphError } from './graph-errors.ts';
import { type FrameOptions, frameError, type Http, type NumberParams, refuse, tokenError } from './graph-frame.ts';
import type { KeptMedia, NumberDesk } from './number-desk.ts';

export interface NumberRoutesOptions extends FrameOptions {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** How a number is displayed; null if nobody said. */
  readonly displayOf: (phoneNumberId: string) => string | null;
}

type Answer = { readonly status?: number; readonly body: unknown } | string;

const SUCCESS = { body: { success: true } };
/** Meta's largest files. */
const LARGEST_BYTES = 101 * 1024 * 1024;

/** What Graph has beside calls and messages, as far as applications for calls use it: settings, profile, media. */
export function numberRoutes(app: FastifyInstance, desk: NumberDesk, options: NumberRoutesOptions): void {
  /** A text is what is wrong with the request. */
  const route = (method: 'GET' | 'POST', resource: string, answer: (http: Http) => Answer | Promise<Answer>) =>
    app.route<{ Params: NumberParams }>({
      method,
      url: `/:version/:phoneNumberId${resource}`,
      bodyLimit: LARGEST_BYTES,
      handler: async (http, reply) => {
        const fault = frameError(http, options);
        return fault === null ? send(reply, await answer(http)) : refuse(reply, fault.error);
      },
    });

  app.addContentTypeParser('multipart/form-data', { parseAs: 'buffer', bodyLimit: LARGEST_BYTES }, (_, body, done) =>
    done(null, body),
  );

  route('GET', '/settings', ({ params, query }) => {
    const withPasswords = (query as Record<string, unknown>)['include_sip_credentials'] === 'true';
    const id = params.phoneNumberId;
    return { body: { calling: withPasswords ? desk.settingsWithPasswords(id) : desk.settings(id) } };
  });
  route('POST', '/settings', ({ params, body }) => {
    const given = (body as Record<string, unknown> | null)?.['calling'];
    if (given === undefined) return SUCCESS;
    const changes = parseCallingSettings(given, options.now());
    if (typeof changes === 'string') return changes;
    desk.change(params.phoneNumberId, changes);
    return SUCCESS;
  });
  route('GET', '/whatsapp_business_profile', ({ params }) => ({
    body: { data: [{ messaging_product: 'whatsapp', ...desk.profile(params.phoneNumberId) }] },
  }));
  route('POST', '/whatsapp_business_profile', ({ params, body }) => {
    const { messaging_product: product, ...changes } = (body ?? {}) as Record<string, unknown>;
    if (product !== 'whatsapp') return 'messaging_product must be whatsapp';
    desk.changeProfile(params.phoneNumberId, changes);
    return SUCCESS;
  });
  route('POST', '/media', async ({ params, headers, body }) => {
    const form = Buffer.isBuffer(body) ? await formIn(body, headers['content-type'] ?? '') : null;
    const file = form?.get('file');
    if (!(file instanceof File)) return 'file is required, in a form';
    const mimeType = String(form?.get('type') ?? file.type);
    const bytes = Buffer.from(await file.arrayBuffer());
    return { body: { id: desk.keep({ phoneNumberId: params.phoneNumberId, bytes, mimeType }) } };
  });

  mediaRoutes(app, desk, options);
}

/** `GET` of a number or a file, `DELETE` of a file, and the link to its bytes, which wants the token as Meta's does. */
function mediaRoutes(app: FastifyInstance, desk: NumberDesk, options: NumberRoutesOptions): void {
  type Media = FastifyRequest<{ Params: { version: string; id: string }; Querystring: { phone_number_id?: string } }>;

  const found = (http: Media): KeptMedia | null => {
    const media = desk.media.get(http.params.id) ?? null;
    const { phone_number_id: asked } = http.query;
    return media !== null && (asked ?? media.phoneNumberId) === media.phoneNumberId ? media : null;
  };
  const serve = (http: Media, reply: FastifyReply, answer: (media: KeptMedia) => unknown): FastifyReply => {
    const fault = tokenError(http, options.token);
    if (fault !== null) return refuse(reply, fault.error);
    const media = found(http);
    if (media === null) return refuse(reply, graphError(100, 'Object with this id does not exist', 33));
    return reply.send(answer(media));
  };

  app.get('/:version/:id', (http: Media, reply) => {
    const { id } = http.params;
    const isNumber = options.phoneNumberIds.includes(id) && tokenError(http, options.token) === null;
    if (isNumber) return reply.send({ id, display_phone_number: options.displayOf(id), verified_name: 'Simulator' });
    return serve(http, reply, ({ bytes, mimeType }) => ({
      messaging_product: 'whatsapp',
      url: `http://${http.host}/media/files/${id}`,
      mime_type: mimeType,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      file_size: bytes.length,
      id,
    }));
  });
  app.delete('/:version/:id', (http: Media, reply) =>
    serve(http, reply, () => ({ success: desk.media.delete(http.params.id) })),
  );
  app.get('/media/files/:id', (http: Media, reply) =>
    serve(http, reply, ({ bytes, mimeType }) => {
      reply.type(mimeType);
      return bytes;
    }),
  );
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  if (typeof answer === 'string') return refuse(reply, graphError(100, answer));
  return reply.code(answer.status ?? 200).send(answer.body);
}

async function formIn(body: Buffer, contentType: string): Promise<FormData | null> {
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  } catch {
    return null;
  }
}
