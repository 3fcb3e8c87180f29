import { describe, expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { startService } from '../../../src/main.ts';
import { createLogger } from '../../../src/telemetry/index.ts';
import { apiOf, bridgeEnvironment, endedRecord } from '../../support/bridge.ts';
import { GraphServer } from '../../support/graph-server.ts';
import { atPostgres, freshPostgres, hasPostgres } from '../../support/postgres.ts';
import { TcpGate } from '../../support/tcp-gate.ts';
import { metaHeaders, OUR_NUMBER, webhookBytes } from '../../support/webhook.ts';

const APP = 'app-secret';

/** A running service whose database can be taken away. */
async function startOnPostgres() {
  const url = await freshPostgres();
  const gate = await TcpGate.before(url);
  const graph = await GraphServer.start();
  onTestFinished(() => graph.stop());
  graph.answers({ status: 200, body: { success: true } });
  const environment = bridgeEnvironment({
    folder: '',
    app: APP,
    token: 'token',
    graphUrl: graph.url,
    agentUrl: 'ws://127.0.0.1:1',
    more: { TALKWIRE_DATABASE: gate.url, TALKWIRE_PHONE_NUMBER_ID: OUR_NUMBER },
  });
  const config = loadConfig(environment);
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const service = await startService(config, createLogger({ level: 'debug', destination, secrets: config.secrets }));
  onTestFinished(() => service.stop());
  return { url, gate, service, lines, get: apiOf(service.url) };
}

/** Meta's connect of the call `wacid.<name>`, begun now. */
async function ring(serviceUrl: string, name: string): Promise<number> {
  const text = webhookBytes('connect-inbound').toString('utf8');
  const now = String(Math.floor(Date.now() / 1000));
  const body = Buffer.from(text.replace('wacid.IN1', `wacid.${name}`).replace('1760681506', now));
  const headers = { 'content-type': 'application/json', ...metaHeaders(body, APP) };
  return (await fetch(`${serviceUrl}/webhooks/whatsapp`, { method: 'POST', headers, body })).status;
}

describe.runIf(hasPostgres)('The service on PostgreSQL', () => {
  it('has every call in its log, but those of an outage, of which Meta is told to send them again', async () => {
    const { url, gate, service, lines, get } = await startOnPostgres();
    expect(await ring(service.url, 'first')).toBe(200);
    const first = await endedRecord(get, 'wacid.first');
    expect(first).toMatchObject({ ending: { class: expect.any(String) } });

    gate.shut();
    expect(await ring(service.url, 'second')).toBe(500);
    expect((await get('/platform/v1/whatsapp/calls/wacid.first')).status).toBe(500);
    gate.reopen();
    // Meta repeats what was not answered 200 (meta-calling.md §3.2).
    expect(await ring(service.url, 'second')).toBe(200);
    expect(await ring(service.url, 'third')).toBe(200);
    for (const name of ['second', 'third']) await endedRecord(get, `wacid.${name}`);
    const stored = await atPostgres(url, 'select count(*)::int as n from webhook_inbox');
    expect(stored).toEqual([{ n: 3 }]);

    await service.stop();
    const log = lines.join('');
    expect(log).toContain('PostgreSQL cannot be reached');
    expect(log).toContain('The claim on the PostgreSQL database was lost');
    expect(log).not.toContain(new URL(url).password);
  });
});
