import type { FastifyInstance } from 'fastify';

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** Any request with this key; `body` is null for an answer without one. */
export async function askAsBearer(
  server: FastifyInstance,
  key: string,
  method: Method,
  url: string,
  { payload, headers = {} }: { readonly payload?: object; readonly headers?: Record<string, string> } = {},
) {
  const response = await server.inject({
    method,
    url,
    headers: { 'x-api-key': key, ...headers },
    ...(payload !== undefined && { payload }),
  });
  return {
    status: response.statusCode,
    headers: response.headers,
    body: response.body === '' ? null : response.json(),
  };
}
