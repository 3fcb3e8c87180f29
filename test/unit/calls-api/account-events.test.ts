import { describe, expect, it, onTestFinished } from 'vitest';
import { createInboxWorker, createWebhookReceiver } from '../../../src/signaling/index.ts';
import { addNumber, addProject, testApi } from '../../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';
import { CALLS, dialApi, dialBody, GRAPH } from '../../support/dial-api.ts';
import { USER } from '../../support/dial-order.ts';
import { metaHeaders, OUR_NUMBER, settingsWebhook } from '../../support/webhook.ts';

const OTHER = '333000000000003';

/** Everything between the wire and Graph: the webhook route, the inbox, its worker, the desks, on one database. */
async function wholeBridge() {
  const api = await dialApi();
  const { database, clock } = api;
  const { inbox, numbers, numberStates } = database;
  const worker = createInboxWorker({
    inbox,
    sink: { handle: async () => {}, written: async () => {} },
    permissions: api.desk,
    accounts: numberStates,
    directory: numbers,
    clock,
  });
  const webhooks = createWebhookReceiver({
    appSecrets: ['of the installation'],
    kapsoSecrets: [],
    verifyToken: 'token',
    inbox,
    directory: numbers,
    onStored: () => worker.wake(),
    clock,
  });
  const { server } = await testApi({ database, webhooks });
  worker.start();
  onTestFinished(() => worker.stop());
  const other = await addProject(database);
  await addNumber(database, OTHER, other.id);
  return {
    ...api,
    /** Resolves when the webhook is answered and worked off. */
    async deliver(body: unknown, secret = 'of the installation'): Promise<number> {
      const payload = Buffer.from(JSON.stringify(body));
      const headers = { 'content-type': 'application/json', ...metaHeaders(payload, secret) };
      const { statusCode } = await server.inject({ method: 'POST', url: '/webhooks/whatsapp', headers, payload });
      for (let turn = 0; turn < 1_000 && (await inbox.pending(1)).length > 0; turn += 1) await settleOnce();
      return statusCode;
    },
    /** Time, with what the database needs of it. */
    async pass(ms: number): Promise<void> {
      for (let past = 0; past < ms; past += 5_000) {
        await clock.advance(5_000);
        for (let turn = 0; turn < 100; turn += 1) await settleOnce();
      }
    },
    standing: async (phoneNumberId: string) =>
      (await numberStates.standingOf([phoneNumberId], clock.now())).get(phoneNumberId),
  };
}

function settleOnce(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Now by the clock, in Meta's seconds. */
function calling(status: string, phoneNumberId: string, at: number): unknown {
  const body = JSON.stringify(settingsWebhook({ status }, Math.floor(at / 1_000)));
  return JSON.parse(body.replaceAll(OUR_NUMBER, phoneNumberId));
}

function restriction(display: string, until: number, at: number): unknown {
  const info = [{ restriction_type: 'RESTRICTED_BUSINESS_INITIATED_CALLING', expiration: Math.floor(until / 1_000) }];
  const value = { phone_number: display, event: 'ACCOUNT_RESTRICTION', restriction_info: info };
  const changes = [{ field: 'account_update', value }];
  return { object: 'whatsapp_business_account', entry: [{ id: '0', time: Math.floor(at / 1_000), changes }] };
}

describe('a webhook that says that calling is off', () => {
  it('stops the very next dial, in the answer of Meta, and one that says otherwise lets it go again', async () => {
    const api = await wholeBridge();
    await api.grant();
    expect(await api.deliver(calling('DISABLED', PHONE_NUMBER_ID, api.clock.now()))).toBe(200);
    const denied = await api.post(CALLS, dialBody());
    expect(denied).toMatchObject({ status: 401, body: { code: 138000, reason: 'calling_disabled' } });
    const graph = await api.post(`${GRAPH}/calls`, {
      messaging_product: 'whatsapp',
      to: USER.waId,
      action: 'connect',
      session: { sdp_type: 'offer', sdp: 'v=0' },
    });
    expect(graph).toMatchObject({ status: 401, body: { error: { code: 138000 } } });
    expect([api.calls.placed, api.graph.connects]).toEqual([[], []]);
    await api.deliver(calling('ENABLED', PHONE_NUMBER_ID, api.clock.now()));
    expect(await api.post(CALLS, dialBody())).toMatchObject({ status: 202 });
  });

  it('stops a dial that waits, which goes out when calling is on again', async () => {
    const api = await wholeBridge();
    await api.grant();
    const at = api.clock.now();
    const schedule = { at: new Date(at + 60_000).toISOString() };
    expect(await api.post(CALLS, dialBody({ schedule }))).toMatchObject({ status: 202 });
    await api.deliver(calling('DISABLED', PHONE_NUMBER_ID, at));
    await api.pass(5 * 60_000);
    expect(api.calls.placed).toEqual([]);
    await api.deliver(calling('ENABLED', PHONE_NUMBER_ID, api.clock.now()));
    await api.pass(30_000);
    expect(api.calls.placed).toHaveLength(1);
  });
});

describe("the secret of a number's own app", () => {
  const secret = 'of the other project';

  it('speaks for its number', async () => {
    const api = await wholeBridge();
    await api.database.numbers.change(OTHER, { appSecret: secret }, 1);
    expect(await api.deliver(calling('DISABLED', OTHER, api.clock.now()), secret)).toBe(200);
    expect(await api.standing(OTHER)).toMatchObject({ callingStatus: 'DISABLED' });
  });

  it('cannot be used to forge what Meta says of the number of another project', async () => {
    const api = await wholeBridge();
    const { numbers, permissions } = api.database;
    await numbers.change(OTHER, { appSecret: secret }, 1);
    await numbers.showsAs(PHONE_NUMBER_ID, '4930111');
    await numbers.showsAs(OTHER, '4930333');
    const now = api.clock.now();
    const entries = [
      calling('DISABLED', PHONE_NUMBER_ID, now),
      restriction('4930111', now + 3_600_000, now),
      calling('DISABLED', OTHER, now),
    ].map((body) => (body as { entry: object[] }).entry[0]);
    for (const forged of [{ entry: entries.slice(0, 2) }, { entry: entries }]) {
      expect(await api.deliver(forged, secret)).toBe(200);
    }
    expect(await api.standing(PHONE_NUMBER_ID)).toBeUndefined();
    expect(await api.standing(OTHER)).toMatchObject({ callingStatus: 'DISABLED' });
    // Meta's own words are not taken for a copy of the forged ones.
    expect(await api.deliver({ entry: entries })).toBe(200);
    expect(await api.standing(PHONE_NUMBER_ID)).toMatchObject({ callingStatus: 'DISABLED' });
    expect((await permissions.read(PHONE_NUMBER_ID, USER, now)).number.paused).toMatchObject({ code: 138014 });
  });

  it('cannot have its number displayed as one of another project', async () => {
    const api = await wholeBridge();
    const { numbers } = api.database;
    await numbers.change(OTHER, { appSecret: secret }, 1);
    await numbers.showsAs(PHONE_NUMBER_ID, '4930111');
    const metadata = { phone_number_id: OTHER, display_phone_number: '4930111' };
    await api.deliver({ entry: [{ changes: [{ field: 'calls', value: { metadata, calls: [] } }] }] }, secret);
    expect(numbers.numbersShowing('4930111')).toEqual([PHONE_NUMBER_ID]);
  });

  it('opens nothing any more when the number has another, or is gone', async () => {
    const api = await wholeBridge();
    const { numbers } = api.database;
    await numbers.change(OTHER, { appSecret: secret }, 1);
    await numbers.change(OTHER, { appSecret: 'a newer one' }, 2);
    const said = calling('DISABLED', OTHER, api.clock.now());
    expect(await api.deliver(said, secret)).toBe(401);
    await numbers.remove(OTHER, 3);
    expect(await api.deliver(said, 'a newer one')).toBe(401);
  });
});
