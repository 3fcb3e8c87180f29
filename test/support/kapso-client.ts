import { GraphApiError, WhatsAppClient } from '@kapso/whatsapp-cloud-api';
import { API_KEY } from './api-server.ts';

/** Kapso's own client, with a service where Kapso's proxy would be. */
export function kapsoClient(url: string, { base = '/meta/whatsapp', version = 'v23.0', key = API_KEY } = {}) {
  return new WhatsAppClient({ baseUrl: `${url}${base}`, kapsoApiKey: key, graphVersion: version });
}

/** What the SDK makes of an error. Throws if there is none. */
export async function kapsoError(doing: Promise<unknown>): Promise<GraphApiError> {
  const fault = await doing.then(
    () => null,
    (error: unknown) => error,
  );
  if (fault instanceof GraphApiError) return fault;
  throw fault ?? new Error('it did not fail');
}
