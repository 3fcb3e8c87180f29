import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentHttpError, askAgent, type HttpRequest } from '../../../src/agents/net/http.ts';

let cleanUp: (() => void)[];
let requests: IncomingMessage[];
let url: string;
let onRequest: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  cleanUp = [];
  requests = [];
  const server = createServer((request, response) => {
    requests.push(request);
    onRequest(request, response);
  });
  url = `http://127.0.0.1:${await listen(server)}/x`;
  cleanUp.push(() => server.closeAllConnections());
});

afterEach(() => {
  for (const end of cleanUp) end();
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

const ask = (differences: Partial<HttpRequest> = {}) =>
  askAgent({ url, method: 'GET', timeoutMs: 5_000, allowLinkLocal: false, ...differences });

async function lossOf(asking: Promise<unknown>) {
  const error = await asking.then(
    () => expect.unreachable(),
    (each: unknown) => each,
  );
  expect(error).toBeInstanceOf(AgentHttpError);
  const { code, retryable, detail } = (error as AgentHttpError).loss;
  return { code, retryable, detail };
}

describe('an answer', () => {
  it('to what was asked is given as it is', async () => {
    onRequest = (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(201).end(`${request.method} ${request.headers['x-key']} ${Buffer.concat(chunks)}`);
      });
    };
    const answer = await ask({ method: 'POST', headers: { 'X-Key': 'k' }, body: 'hello' });
    expect(answer.toString()).toBe('POST k hello');
  });

  it('may be as long as was said, and not a byte more', async () => {
    onRequest = (_request, response) => response.end(Buffer.alloc(1_000));
    expect(await ask({ maxBytes: 1_000 })).toHaveLength(1_000);
    expect(await lossOf(ask({ maxBytes: 999 }))).toEqual({
      code: 'protocol_error',
      retryable: false,
      detail: 'the answer is too long',
    });
  });

  it('without an end is cut off when it is too long', async () => {
    let closed = false;
    onRequest = (_request, response) => {
      response.on('close', () => {
        closed = true;
      });
      const more = () => void (response.destroyed || response.write(Buffer.alloc(65_536), more));
      more();
    };
    expect((await lossOf(ask({ maxBytes: 100_000 }))).detail).toBe('the answer is too long');
    await expect.poll(() => closed).toBe(true);
  });

  it.each([
    [301, 'connect_refused', false],
    [304, 'connect_refused', false],
    [400, 'connect_refused', false],
    [401, 'unauthorized', false],
    [403, 'unauthorized', false],
    [404, 'connect_refused', false],
    [408, 'connect_refused', true],
    [429, 'connect_refused', true],
    [500, 'connect_refused', true],
    [503, 'connect_refused', true],
  ] as const)('with %i is %s', async (status, code, retryable) => {
    onRequest = (_request, response) => response.writeHead(status, { Location: '/elsewhere' }).end();
    expect(await lossOf(ask())).toEqual({ code, retryable, detail: `the agent answered HTTP ${status}` });
    expect(requests).toHaveLength(1);
  });

  it('that is an error is not waited for to its end', async () => {
    onRequest = (_request, response) => {
      response.writeHead(500);
      response.write('the beginning of a long story');
    };
    expect((await lossOf(ask({ timeoutMs: 60_000 }))).code).toBe('connect_refused');
  });
});

describe('no answer', () => {
  it('in time is a timeout, be it to the head or to the body', async () => {
    onRequest = () => {};
    expect(await lossOf(ask({ timeoutMs: 50 }))).toEqual({
      code: 'connect_timeout',
      retryable: true,
      detail: 'the agent did not answer in time',
    });
    onRequest = (_request, response) => void response.write('a');
    expect((await lossOf(ask({ timeoutMs: 50 }))).code).toBe('connect_timeout');
  });

  it('is awaited no longer once the asker gives up', async () => {
    const over = new AbortController();
    onRequest = () => over.abort();
    expect(await lossOf(ask({ signal: over.signal }))).toMatchObject({ detail: 'the request was given up' });
    await expect.poll(() => requests[0]?.socket.destroyed).toBe(true);
    expect(await lossOf(ask({ signal: AbortSignal.abort() }))).toMatchObject({ detail: 'the request was given up' });
  });

  it('comes where nobody listens, by a number or a name', async () => {
    const gone = createTcpServer();
    const port = await listen(gone);
    gone.close();
    for (const host of ['127.0.0.1', 'localhost']) {
      expect(await lossOf(ask({ url: `http://${host}:${port}/` }))).toEqual({
        code: 'connect_refused',
        retryable: true,
        detail: 'the agent could not be reached (ECONNREFUSED)',
      });
    }
  });

  it('comes from a server that hangs up, or speaks something else', async () => {
    const rude = createTcpServer((socket) => socket.destroy());
    expect(await lossOf(ask({ url: `http://127.0.0.1:${await listen(rude)}/` }))).toMatchObject({
      code: 'connect_refused',
      retryable: true,
    });
    const mail = createTcpServer((socket) => void socket.once('data', () => socket.end('220 mail.test ready\r\n')));
    const loss = await lossOf(ask({ url: `http://127.0.0.1:${await listen(mail)}/` }));
    expect(loss).toMatchObject({ code: 'protocol_error', retryable: false });
    expect(loss.detail).not.toContain('websocket');
    expect(loss.detail).not.toContain('127.0.0.1');
  });

  it.each([
    ['not a url', {}],
    ['ftp://agent.test/', {}],
    [null, { 'X-Key': 'a\nb' }],
  ])('comes of a URL (%s) or key that cannot be used', async (given, headers) => {
    expect(await lossOf(ask({ url: given ?? url, headers }))).toEqual({
      code: 'connect_refused',
      retryable: false,
      detail: 'the URL or the key of the agent is not usable',
    });
  });

  it('comes from addresses that agents may not have', async () => {
    for (const host of ['169.254.169.254', '[::ffff:169.254.169.254]', '2852039166', 'metadata.google.internal']) {
      expect(await lossOf(ask({ url: `http://${host}/` }))).toMatchObject({
        code: 'address_refused',
        retryable: false,
      });
    }
  });
});

describe('connections', () => {
  it('are kept for the next request', async () => {
    onRequest = (_request, response) => response.end();
    await ask();
    // The connection is free a moment after its answer was read.
    await new Promise((turn) => setTimeout(turn, 20));
    await ask();
    expect(requests[1]?.socket.remotePort).toBe(requests[0]?.socket.remotePort);
  });

  it('that are kept do not keep the process', async () => {
    onRequest = (_request, response) => response.end();
    const script = `
      const { askAgent } = await import(${JSON.stringify(new URL('../../../src/agents/net/http.ts', import.meta.url).href)});
      await askAgent({ url: ${JSON.stringify(url)}, method: 'GET', timeoutMs: 60000, allowLinkLocal: false });
      const before = performance.now();
      process.on('exit', () => process.stdout.write(String(performance.now() - before)));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    // The server keeps it for 5 s.
    expect(Number(stdout)).toBeLessThan(2_500);
  });
});
