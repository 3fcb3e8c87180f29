import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createLauncher } from '../../../src/agents/launch/launch-runtime.ts';
import { identity } from '../../support/call.ts';
import { freePort } from '../../support/free-port.ts';
import {
  type PipecatRunner,
  pipecatInstalled,
  runPipecatPython,
  startPipecatRunner,
} from '../../support/pipecat-bot.ts';
import { launchOf, PipecatCall, pipecatTarget, runtimeTarget } from '../../support/pipecat-call.ts';

// The address that the runner was given is what it answers with, and as wss: neither of the two is how it is reached.
describe.each(['127.0.0.1', '0.0.0.0'])("Pipecat's own runner, listening on %s", (host) => {
  describe.runIf(pipecatInstalled('new'))('that is installed', () => {
    let runner: PipecatRunner;
    let call: PipecatCall | null = null;

    beforeAll(async () => {
      runner = await startPipecatRunner(host, await freePort());
    }, 60_000);
    afterAll(() => runner?.stop());
    afterEach(() => call?.end());

    it('is asked for a bot, and the socket opens by the token of its answer', async () => {
      call = new PipecatCall(pipecatTarget({ entry: { kind: 'start', url: runner.startUrl, key: null } }));
      await call.listener.next('ready');
      call.start();
      await call.listener.next('audio');
    });

    it('refuses a socket without a token', async () => {
      const url = `${runner.startUrl.replace('http', 'ws').replace('/start', '/ws-client')}`;
      call = new PipecatCall(pipecatTarget({ entry: { kind: 'socket', url, token: 'wrong', tokenIn: 'query' } }));
      expect((await call.listener.next('lost')).loss).toMatchObject({ code: 'unauthorized', retryable: false });
    });
  });
});

describe.runIf(pipecatInstalled('new'))('the example bot', () => {
  it('greets, is interrupted, repeats, and ends the call by a key', async () => {
    const script = fileURLToPath(new URL('../../../examples/pipecat/bot.py', import.meta.url));
    const runner = await startPipecatRunner('localhost', await freePort(), script);
    const call = new PipecatCall(pipecatTarget({ entry: { kind: 'start', url: runner.startUrl, key: null } }));
    try {
      await call.listener.next('ready');
      call.start();
      await call.listener.next('audio');
      call.loud = true;
      await call.listener.next('clear');
      for (let i = 0; i < 10; i += 1) await call.listener.next('audio');
      call.loud = false;
      call.wire.callerDtmf('#', 100);
      expect(await call.listener.next('hangup')).toMatchObject({ drain: true });
    } finally {
      await call.end();
      await runner.stop();
    }
  }, 60_000);
});

describe.runIf(pipecatInstalled('new'))("Pipecat's WhatsApp client", () => {
  it('reads the webhook and the token of a launch', async () => {
    const path = new URL('../../fixtures/webhooks/connect-inbound.json', import.meta.url);
    const webhook: unknown = JSON.parse(await readFile(path, 'utf8'));
    const bodies: string[] = [];
    const cloud = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      bodies.push(Buffer.concat(chunks).toString('utf8'));
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(cloud, 'listening');
    const { port } = cloud.address() as AddressInfo;
    const launcher = createLauncher({
      credentials: async () => 'EAAG-secret',
      project: () => ({ id: 'p-1', name: 'Shop', slug: 'shop' }),
      allowLinkLocal: false,
    });
    const url = `http://127.0.0.1:${port}/v1/public/bot/start`;
    expect(await launcher.launch(identity(), launchOf(runtimeTarget({ url })), webhook)).toMatchObject({
      type: 'launched',
    });
    cloud.close();

    const program = `
import json, sys
from pipecat.transports.whatsapp.api import WhatsAppApi, WhatsAppConnectCallValue, WhatsAppWebhookRequest
body = json.load(sys.stdin)["body"]
value = WhatsAppWebhookRequest.model_validate(body["webhook"]).entry[0].changes[0].value
assert isinstance(value, WhatsAppConnectCallValue), value
api = WhatsAppApi(whatsapp_token=body["whatsapp_token"], phone_number_id=body["phone_number_id"], session=None)
print(json.dumps({"call": value.calls[0].id, "sdp": value.calls[0].session.sdp_type, "name": value.contacts[0].profile.name}))
`;
    const read = JSON.parse(await runPipecatPython('new', program, bodies[0]!)) as unknown;
    const [call] = (webhook as { entry: [{ changes: [{ value: { calls: [{ id: string }]; contacts: unknown[] } }] }] })
      .entry[0].changes[0].value.calls;
    expect(read).toMatchObject({ call: call.id, sdp: 'offer' });
  });
});
