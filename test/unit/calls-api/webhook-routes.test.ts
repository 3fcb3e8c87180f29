import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { WebhookReceiver } from '../../../src/calls-api/index.ts';
import { testApi } from '../../support/api-server.ts';

const URL_PATH = '/webhooks/whatsapp';

function receiver(status = 200) {
  const received: { headers: Parameters<WebhookReceiver['receive']>[0]; body: Buffer }[] = [];
  const webhooks: WebhookReceiver = {
    verify: (query) => ({ status: 200, body: String(query['hub.challenge']) }),
    receive: async (headers, body) => {
      received.push({ headers, body });
      return { status };
    },
  };
  return { webhooks, received };
}

describe('webhook route', () => {
  it('answers the challenge as plain text', async () => {
    const { server } = await testApi(receiver());
    const response = await server.inject(`${URL_PATH}?hub.mode=subscribe&hub.challenge=<b>1158201444</b>`);
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(response.headers['x-content-type-options']).toBe('nosniff');
    expect(response.body).toBe('<b>1158201444</b>');
  });

  it.each([
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'nonsense',
    '',
  ])('hands on the very bytes that came, as %j', async (type) => {
    const { webhooks, received } = receiver();
    const { server } = await testApi({ webhooks });
    const payload = Buffer.from('{ "a" :\t1,\r\n"é": "\\u00e9" } not json \0\xff', 'latin1');
    const response = await server.inject({
      method: 'POST',
      url: URL_PATH,
      headers: { 'content-type': type, 'x-hub-signature-256': 'sha256=ab' },
      payload,
    });
    expect(response.statusCode).toBe(200);
    expect(received[0]?.body).toEqual(payload);
    expect(received[0]?.headers['x-hub-signature-256']).toBe('sha256=ab');
  });

  it('hands on a body without any content type, and no body at all', async () => {
    const { webhooks, received } = receiver();
    const { server } = await testApi({ webhooks });
    await server.listen({ port: 0, host: '127.0.0.1' });
    const { port } = server.server.address() as { port: number };
    const head = `POST ${URL_PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n`;
    for (const request of [`${head}Content-Length: 4\r\n\r\n{"a"`, `${head}Content-Length: 0\r\n\r\n`]) {
      const socket = connect(port, '127.0.0.1', () => socket.end(request));
      let answer = '';
      for await (const chunk of socket) answer += chunk;
      expect(answer).toMatch(/^HTTP\/1.1 200 /);
    }
    expect(received.map(({ body }) => body.toString())).toEqual(['{"a"', '']);
  });

  it('takes 3 MB and refuses more with 413', async () => {
    const { webhooks, received } = receiver();
    const { server } = await testApi({ webhooks });
    const post = (size: number) => server.inject({ method: 'POST', url: URL_PATH, payload: Buffer.alloc(size) });
    expect((await post(3 * 1024 * 1024)).statusCode).toBe(200);
    expect((await post(3 * 1024 * 1024 + 1)).statusCode).toBe(413);
    expect(received).toHaveLength(1);
  });

  it('answers as the receiver decides, without a body', async () => {
    const { server } = await testApi(receiver(401));
    const response = await server.inject({ method: 'POST', url: URL_PATH, payload: '{}' });
    expect(response.statusCode).toBe(401);
    expect(response.body).toBe('');
  });

  it('answers 500 if the webhook could not be stored, so that it comes again, and logs it once', async () => {
    const { webhooks } = receiver();
    const failing = { ...webhooks, receive: () => Promise.reject(new Error('disk I/O error')) };
    const { server, logged } = await testApi({ webhooks: failing });
    const response = await server.inject({ method: 'POST', url: URL_PATH, payload: '{}' });
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain('disk');
    expect(logged).toHaveLength(1);
  });
});
