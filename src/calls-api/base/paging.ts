import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Page } from '../ports.ts';

/** A page of a list as Graph and Kapso answer it (kapso-api.md §3); the links are absolute and work. */
export function pageAnswer<Item>(page: Page<Item>, request: FastifyRequest, publicUrl: string | null) {
  const { data, before, after } = page;
  const link = (name: 'after' | 'before', cursor: string) => {
    const [path = ''] = request.url.split('?', 1);
    const parameters = new URLSearchParams(request.url.slice(path.length));
    for (const other of ['after', 'before', 'page']) parameters.delete(other);
    parameters.set(name, cursor);
    return `${publicUrl ?? originOf(request)}${path}?${parameters}`;
  };
  return {
    data,
    paging: {
      cursors: { before, after },
      next: after === null ? null : link('after', after),
      previous: before === null ? null : link('before', before),
    },
  };
}

/** Where the client reaches us, if nothing else is set. The Host header is whatever the client sent. */
export function originOf(request: FastifyRequest): string {
  return URL.parse(`${request.protocol}://${request.host}`)?.origin ?? 'http://localhost';
}

const cursor = z.string().nullable();
const pagingSchema = z
  .strictObject({
    cursors: z.strictObject({ before: cursor, after: cursor }),
    next: z.url().nullable().meta({ description: 'Null if nothing older follows' }),
    previous: z.url().nullable().meta({ description: 'Null if nothing newer follows' }),
  })
  .meta({ id: 'Paging' });

/** What `pageAnswer` makes of a page of these, as it is described. */
export function pageSchema<Item extends z.ZodType>(item: Item) {
  return z.strictObject({ data: z.array(item), paging: pagingSchema });
}
