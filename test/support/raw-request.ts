import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';

/** A request as it is written, so that nothing on the way puts it in order. */
export interface RawRequest {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: OutgoingHttpHeaders;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** Sends `path` as it is, with dots, escapes and all. Rejects if the connection breaks. */
export function askRaw(origin: string, path: string, { method = 'GET', body, headers = {} }: RawRequest = {}) {
  const { hostname, port } = new URL(origin);
  return new Promise<RawAnswer>((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const sending = request({ hostname, port, path, method, headers: { ...length, ...headers }, agent: false });
    sending.on('error', reject);
    sending.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        // A body that was not taken to its end would hold the connection.
        sending.destroy();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) });
      });
    });
    sending.end(body);
  });
}

export function jsonOf({ bytes }: RawAnswer) {
  return JSON.parse(bytes.toString('utf8'));
}
