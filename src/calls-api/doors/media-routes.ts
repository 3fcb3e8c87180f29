import type { FastifyInstance } from 'fastify';
import { ApiError } from '../base/errors.ts';
import { originOf } from '../base/paging.ts';
import type { MediaLinks } from '../graph/media-links.ts';
import { linkIn } from '../graph/media-object.ts';
import { answered, goneSignal, type PassOnOptions, sendAnswered } from '../graph/pass-on.ts';
import { wholeAnswer } from '../graph/whole-answer.ts';
import type { KnownNumbers } from '../ports.ts';

export interface MediaRoutesOptions extends PassOnOptions {
  readonly numbers: KnownNumbers;
  readonly mediaLinks: MediaLinks;
}

/**
 * Files of WhatsApp users, for whoever has a link to one that is not over (graph/media-links.ts). Graph is asked anew where
 * the file is, so that our link lives as long as it says, however old Meta's is.
 */
export function mediaRoutes(server: FastifyInstance, options: MediaRoutesOptions): void {
  const { graphProxy, mediaLinks, numbers, publicUrl } = options;
  server.get<{ Params: { token: string } }>('/media/:token', async (request, reply) => {
    const link = mediaLinks.open(request.params.token);
    if (link === null || numbers.projectOf(link.phoneNumberId) !== link.projectId) {
      throw new ApiError('media_link_over');
    }
    const { mediaId, phoneNumberId, version } = link;
    const signal = goneSignal(reply);
    const asked = await wholeAnswer(
      answered(
        await graphProxy.pass({
          method: 'GET',
          phoneNumberId,
          version,
          segments: [mediaId],
          query: `phone_number_id=${encodeURIComponent(phoneNumberId)}`,
          headers: { accept: 'application/json' },
          body: null,
          bodyLength: null,
          home: publicUrl ?? originOf(request),
          signal,
        }),
      ),
    );
    const place = asked.answer.status === 200 ? linkIn(asked.value) : null;
    if (place === null) return sendAnswered(reply, asked.answer);
    const file = answered(await graphProxy.fetchLink(phoneNumberId, place, { headers: request.headers, signal }));
    if (file.status >= 300 && file.status < 400 && file.status !== 304) {
      file.body.destroy();
      throw new ApiError('graph_unreachable', 'Graph sends us elsewhere for this file');
    }
    return sendAnswered(reply, file);
  });
}
