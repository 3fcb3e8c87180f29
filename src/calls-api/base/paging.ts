import type { FastifyRequest } from 'fastify';
import type { Page } from '../ports.ts';

/** A page of a list as Graph and Kapso answer it (kapso-api.md §3); the links are absolute and work. */
export function pageAnswer<Item>(page: Page<Item>, request: FastifyRequest, publicUrl: string | null) {
  const { data, before, after } = page;
  const link = (name: 'after' | 'before', cursor: string) => {
    const url = new URL(`${publicUrl ?? originOf(request)}${request.url}`);
    url.searchParams.delete('after');
    url.searchParams.delete('before');
    url.searchParams.set(name, cursor);
    return url.href;
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

/** The Host header is whatever the client sent. */
function originOf(request: FastifyRequest): string {
  return URL.parse(`${request.protocol}://${request.host}`)?.origin ?? 'http://localhost';
}
