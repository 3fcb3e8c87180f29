import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createToolBox } from '../../../src/agents/tools/tool-box.ts';
import { RESERVED_TOOLS } from '../../../src/agents/tools/tools.ts';
import type { ToolWebhook } from '../../../src/call/index.ts';
import { identity } from '../../support/call.ts';

const cleanUp: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of cleanUp.splice(0)) await end();
});

const rooms = { name: 'rooms', description: 'Free rooms', parameters: { type: 'object' } };

function box(webhook: ToolWebhook | null = null, definitions: readonly (typeof rooms)[] | null = [rooms]) {
  return createToolBox({ definitions, webhook, identity: identity(), allowLinkLocal: false });
}

type Request = { readonly headers: IncomingMessage['headers']; readonly body: string };

async function webhook(answer: (response: ServerResponse) => void, differences: Partial<ToolWebhook> = {}) {
  const requests: Request[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      answer(response);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => server.closeAllConnections());
  cleanUp.push(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tools`;
  const settings = { url, secret: null, timeoutMs: 2_000, ...differences };
  return { requests, tools: box(settings), unlisted: box(settings, null) };
}

const failure = (output: string) => ({ type: 'answer', output, failed: true });

describe("the bridge's own tools", () => {
  it('are offered before those of the user, under names that nobody else can have', () => {
    expect(box().definitions.map(({ name }) => name)).toEqual([...RESERVED_TOOLS, 'rooms']);
  });

  it.each([
    ['{"reason":"all said"}', 'all said'],
    [{ reason: null }, null],
    ['', null],
    [undefined, null],
    [{ reason: '' }, null],
  ])('hang up with %j', async (args, reason) => {
    expect(await box().run('hang_up', args)).toMatchObject({ type: 'hang_up', reason });
  });

  it.each([
    ['12#', '12#'],
    ['1w2,a *', '12A*'],
    ['555-0100', '5550100'],
  ])('press the keys %s', async (digits, pressed) => {
    expect(await box().run('send_dtmf', { digits })).toEqual({
      type: 'dtmf',
      digits: pressed,
      output: `The keys ${pressed} are pressed.`,
    });
  });

  it.each([{}, { digits: '' }, { digits: ' w' }, { digits: '12+' }, { digits: 12 }, { digits: '1'.repeat(65) }])(
    'refuse the keys of %j',
    async (args) => {
      expect(await box().run('send_dtmf', args)).toEqual(
        failure('"digits" must be 1 to 64 of the keys 0-9, *, # and A-D.'),
      );
    },
  );

  it.each(['{', '[]', '7', 'null', [], 7, `{"a":"${'x'.repeat(70_000)}"}`])(
    'refuse the arguments %.20j',
    async (args) => {
      const outcome = await box().run('send_dtmf', args);
      expect(outcome).toMatchObject({ type: 'answer', failed: true });
    },
  );

  it('say that there is no such tool', async () => {
    expect(await box().run('roooms', {})).toEqual(failure('There is no tool named "roooms".'));
    expect(await box().run('rooms', {})).toEqual(failure('There is no tool named "rooms".'));
    expect((await box().run('x'.repeat(1_000), {})).output.length).toBeLessThan(120);
  });

  it('take anything at all', async () => {
    const name = fc.oneof(fc.constantFrom(...RESERVED_TOOLS), fc.string());
    await fc.assert(
      fc.asyncProperty(name, fc.oneof(fc.string(), fc.json(), fc.jsonValue()), async (tool, args) => {
        expect(['hang_up', 'dtmf', 'answer']).toContain((await box().run(tool, args)).type);
      }),
    );
  });
});

describe("a user's tool", () => {
  it("of a list that is kept elsewhere has any name but those of the bridge's own", async () => {
    const { requests, unlisted } = await webhook((response) => response.end('yes'));
    expect(unlisted.definitions.map(({ name }) => name)).toEqual(RESERVED_TOOLS);
    expect(await unlisted.run('anything', { a: 1 })).toMatchObject({ output: 'yes', failed: false });
    expect(JSON.parse(requests[0]!.body)).toMatchObject({ tool: 'anything', arguments: { a: 1 } });
    expect(await unlisted.run('hang_up', {})).toMatchObject({ type: 'hang_up' });
    expect(requests).toHaveLength(1);
    expect(await box(null, null).run('anything', {})).toEqual(failure('There is no tool named "anything".'));
  });

  it('is run by the webhook, which is told of the call', async () => {
    const { requests, tools } = await webhook((response) => response.end(' {"free":3}\n'));
    expect(await tools.run('rooms', '{"night":"Monday"}')).toEqual({
      type: 'answer',
      output: '{"free":3}',
      failed: false,
    });
    expect(requests[0]!.headers['content-type']).toBe('application/json');
    expect(requests[0]!.headers['x-talkwire-signature']).toBeUndefined();
    const { id, callId } = identity();
    expect(JSON.parse(requests[0]!.body)).toEqual({
      tool: 'rooms',
      arguments: { night: 'Monday' },
      call: {
        id,
        call_id: callId,
        direction: 'inbound',
        phone_number_id: 'pn-1',
        user: { wa_id: 'user-1', user_id: null, parent_user_id: null, name: 'Ana' },
      },
    });
  });

  it('is signed with the secret', async () => {
    const { requests, tools } = await webhook((response) => response.end('3'), { secret: 'hush' });
    await tools.run('rooms', { night: 'Fråga' });
    const { headers, body } = requests[0]!;
    const expected = createHmac('sha256', 'hush').update(body).digest('hex');
    expect(headers['x-talkwire-signature']).toBe(`sha256=${expected}`);
  });

  it('says that it is done when the webhook has no words', async () => {
    const { tools } = await webhook((response) => response.writeHead(204).end());
    expect(await tools.run('rooms', {})).toEqual({ type: 'answer', output: 'Done.', failed: false });
  });

  it('fails in words when the webhook does', async () => {
    const { tools } = await webhook((response) => response.writeHead(500).end('secret stack'));
    expect(await tools.run('rooms', {})).toEqual(
      failure('The tool failed: it could not be reached, or did not succeed.'),
    );
  });

  it('fails in words when the answer is too long', async () => {
    const { tools } = await webhook((response) => response.end('x'.repeat(65 * 1024)));
    expect(await tools.run('rooms', {})).toEqual(failure('The tool failed: its answer was not usable.'));
  });

  it('fails in words when no answer comes in time', async () => {
    const { tools } = await webhook(() => {}, { timeoutMs: 100 });
    expect(await tools.run('rooms', {})).toEqual(failure('The tool failed: it took too long.'));
  });

  it('fails in words at an address that agents may not have', async () => {
    const tools = box({ url: 'http://169.254.169.254/', secret: null, timeoutMs: 1_000 });
    expect(await tools.run('rooms', {})).toEqual(failure('The tool failed: it could not be run.'));
  });

  it('is given up when the call is over', async () => {
    const reached = Promise.withResolvers<void>();
    const { tools } = await webhook(() => reached.resolve(), { timeoutMs: 60_000 });
    const outcome = tools.run('rooms', {});
    await reached.promise;
    tools.close();
    expect(await outcome).toMatchObject({ failed: true });
  });
});
