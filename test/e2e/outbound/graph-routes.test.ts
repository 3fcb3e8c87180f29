import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallManners } from '../../../src/simulator/index.ts';
import { type Bridge, startBridge } from '../../support/bridge.ts';
import { ClientMedia } from '../../support/client-media.ts';
import { type Dialled, Dialler, type Reply, storyOf } from '../../support/dialler.ts';
import { RawAgent } from '../../support/raw-agent.ts';
import { endingOf } from '../../support/switchboard.ts';

const CONNECT = { messaging_product: 'whatsapp', action: 'connect' };
const REQUEST = {
  messaging_product: 'whatsapp',
  recipient_type: 'individual',
  type: 'interactive',
  interactive: {
    type: 'call_permission_request',
    action: { name: 'call_permission_request' },
    body: { text: 'May we call you about order 4711?' },
  },
};

describe.concurrent("Graph's own routes, for a client that speaks Graph", () => {
  let agent: RawAgent;
  let bridge: Bridge;
  let dialler: Dialler;
  beforeAll(async () => {
    agent = await RawAgent.start();
    bridge = await startBridge({ agentUrl: agent.url });
    dialler = new Dialler(bridge);
  });
  afterAll(async () => {
    await bridge.close();
    await agent.stop();
  });

  /** Meta's id of the call that a connect began, as its answer names it. */
  function nameIn({ status, body }: Reply): string {
    expect({ status, body }).toEqual({
      status: 200,
      body: { messaging_product: 'whatsapp', calls: [{ id: expect.stringMatching(/^wacid\./) }] },
    });
    return (body as { calls: { id: string }[] }).calls[0]?.id ?? '';
  }

  async function dialledAs(callId: string, user: string): Promise<Dialled> {
    const { body } = await bridge.get(`/platform/v1/whatsapp/calls/${callId}`);
    return { id: (body as { data: { id: string } }).data.id, user };
  }

  describe('POST calls without a session', () => {
    it("answers with Meta's id of a call in which the number's agent speaks", async () => {
      const user = await dialler.friend({ afterMs: 200 });
      const reply = await dialler.graph('calls', { ...CONNECT, to: user, biz_opaque_callback_data: 'corr-7' });
      const callId = nameIn(reply);
      const voice = await agent.connectionOf(callId);
      await voice.hear('answered');
      const dialled = await dialledAs(callId, user);
      const phone = await dialler.phoneOf(dialled);
      await phone.waitFor('heard', 5_000);
      // The call is the bridge's to end, and Graph hears it from the bridge.
      const ended = await dialler.graph('calls', { ...CONNECT, action: 'terminate', call_id: callId });
      expect(ended).toMatchObject({ status: 200, body: { messaging_product: 'whatsapp', success: true } });
      const record = await dialler.ended(dialled);
      expect(endingOf(record)).toBe('completed/api_hangup/api');
      expect(record).toMatchObject({ call_id: callId, biz_opaque_callback_data: 'corr-7' });
      expect(dialler.graphActions({ user })).toEqual(['connect', 'terminate']);
    });

    it('answers with its name also when only a webhook tells it', async () => {
      const lost = { type: 'graph.timeout', action: 'connect', performed: true, reset: true } as const;
      const user = await dialler.friend({ faults: [lost], afterMs: 100, hangUpAfterMs: 100 });
      const callId = nameIn(await dialler.graph('calls', { ...CONNECT, to: user }));
      expect(endingOf(await bridge.recordOf({ callId }))).toBe('completed/user_hangup/user');
    });

    it("answers with Meta's code and status when Graph refuses", async () => {
      const refuse = { type: 'graph.refuse', action: 'connect', code: 138012 } as const;
      const user = await dialler.friend({ faults: [refuse] });
      const reply = await dialler.graph('calls', { ...CONNECT, to: user });
      expect(reply).toMatchObject({ status: 400, body: { error: { code: 138012, type: 'OAuthException' } } });
      expect(dialler.graphActions({ user })).toEqual(['connect refused']);
    });

    it('refuses here what Graph would refuse: nobody has allowed it (138006)', async () => {
      const user = dialler.stranger();
      const reply = await dialler.graph('calls', { ...CONNECT, to: user });
      expect(reply.status).toBe(401);
      expect(reply.body).toMatchObject({
        error: {
          code: 138006,
          type: 'OAuthException',
          error_data: { messaging_product: 'whatsapp', details: expect.stringContaining('Refused by talkwire') },
        },
      });
      expect(dialler.graphActions({ user })).toEqual([]);
    });

    it('refuses here a second call with the same user (138003)', async () => {
      const user = await dialler.friend({ reply: 'ignore' });
      const callId = nameIn(await dialler.graph('calls', { ...CONNECT, to: user }));
      const second = await dialler.graph('calls', { ...CONNECT, to: user });
      expect(second).toMatchObject({ status: 400, body: { error: { code: 138003 } } });
      await dialler.hangUp(await dialledAs(callId, user));
      await bridge.recordOf({ callId });
      expect(dialler.graphActions({ user })).toEqual(['connect', 'terminate']);
      nameIn(await dialler.graph('calls', { ...CONNECT, to: user }));
    });
  });

  describe('POST calls with a session', () => {
    const open: ClientMedia[] = [];
    afterAll(() => Promise.all(open.map((client) => client.close())));

    /** The call of a client to somebody who has allowed calls. */
    async function connect(manners: CallManners) {
      const client = await ClientMedia.open();
      open.push(client);
      const user = await dialler.friend({ handset: client.handset, ...manners });
      const body = {
        ...CONNECT,
        to: user,
        session: { sdp_type: 'offer', sdp: client.offer },
        biz_opaque_callback_data: `of the client ${user}`,
      };
      const reply = await dialler.graph('calls', body);
      const callId = nameIn(reply);
      return { client, user, body, callId, dialled: await dialledAs(callId, user) };
    }

    it('passes them through as they are, and follows the call to its end without its media', async () => {
      const { client, user, body, callId, dialled } = await connect({ reply: 'pick_up', afterMs: 200 });
      const [request] = dialler.graphRequests(user);
      expect(request).toMatchObject({ callId, body });
      expect(request?.body).toEqual(body);
      expect(request?.warnings).toEqual([]);
      await dialler.reached(dialled, 'picked_up');
      await client.talk();
      expect(await dialler.now(dialled)).toMatchObject({ status: 'answered' });
      const phone = await dialler.phoneOf(dialled);
      phone.hangUp();
      const record = await dialler.ended(dialled);
      expect(endingOf(record)).toBe('completed/hangup/meta');
      expect(record).toMatchObject({
        call_id: callId,
        direction: 'outbound',
        duration_seconds: expect.any(Number),
        session_started_at: expect.any(String),
        biz_opaque_callback_data: body.biz_opaque_callback_data,
        quality: null,
      });
      const steps = ['followed', 'ringing', 'picked_up', 'terminate_received', 'ended'];
      // Meta's answer is the client's, whatever a line says of it here.
      expect(storyOf(record).filter((type) => steps.includes(type))).toEqual(steps);
      expect(storyOf(record).filter((type) => type.startsWith('media'))).toEqual([]);
      expect(agent.connectionsOf(callId)).toEqual([]);
      expect(dialler.graphActions({ user })).toEqual(['connect']);
    });

    it("is the client's to end: through Graph, and not by the platform API", async () => {
      const { user, callId, dialled } = await connect({ reply: 'pick_up', afterMs: 100 });
      await dialler.reached(dialled, 'picked_up');
      expect(await dialler.hangUp(dialled)).toMatchObject({ status: 409 });
      const ended = await dialler.graph('calls', { ...CONNECT, action: 'terminate', call_id: callId });
      expect(ended).toMatchObject({ status: 200, body: { success: true } });
      expect(endingOf(await dialler.ended(dialled))).toBe('completed/hangup/meta');
      expect(dialler.graphActions({ user })).toEqual(['connect', 'terminate']);
    });

    it('is declined', async () => {
      const { dialled } = await connect({ reply: 'reject' });
      expect(endingOf(await dialler.ended(dialled))).toBe('missed/declined/user');
    });

    it('is followed when the webhooks come before the answer of Graph, every one of them', async () => {
      const early = { type: 'graph.answer_after', action: 'connect', event: 'terminate' } as const;
      const { dialled } = await connect({ reply: 'pick_up', afterMs: 50, hangUpAfterMs: 50, faults: [early] });
      const record = await dialler.ended(dialled);
      expect(endingOf(record)).toBe('completed/hangup/meta');
      expect(storyOf(record)).toEqual(expect.arrayContaining(['ringing', 'picked_up', 'terminate_received']));
    });

    it('counts: while it lives, the user cannot be called again by anybody (138003)', async () => {
      const { user, dialled } = await connect({ reply: 'pick_up', afterMs: 100 });
      expect(await dialler.ask({ to: user })).toMatchObject({ status: 400, body: { code: 138003 } });
      expect(await dialler.graph('calls', { ...CONNECT, to: user })).toMatchObject({ status: 400 });
      (await dialler.phoneOf(dialled)).hangUp();
      await dialler.ended(dialled);
      expect(dialler.graphActions({ user })).toEqual(['connect']);
    });

    it("answers with Graph's own words when Graph refuses", async () => {
      const refuse = { type: 'graph.refuse', action: 'connect', code: 138005, details: 'Too many' } as const;
      const client = await ClientMedia.open();
      open.push(client);
      const user = await dialler.friend({ faults: [refuse] });
      const session = { sdp_type: 'offer', sdp: client.offer };
      const reply = await dialler.graph('calls', { ...CONNECT, to: user, session });
      expect(reply).toMatchObject({
        status: 429,
        body: { error: { code: 138005, error_data: { details: 'Too many' } } },
      });
      expect(reply.body).toHaveProperty('error.fbtrace_id');
    });

    it('does not let an offer through that nobody has allowed', async () => {
      const user = dialler.stranger();
      const session = { sdp_type: 'offer', sdp: 'v=0\r\n' };
      const reply = await dialler.graph('calls', { ...CONNECT, to: user, session });
      expect(reply).toMatchObject({ status: 401, body: { error: { code: 138006 } } });
      expect(dialler.graphActions({ user })).toEqual([]);
    });
  });

  describe('GET call_permissions and POST messages', () => {
    const permissionsOf = (user: string) => dialler.graphGet(`call_permissions?user_wa_id=${user}`);

    it("tells Meta's answer of a user of whom nothing is known here", async () => {
      const reply = await permissionsOf(dialler.stranger());
      expect(reply).toMatchObject({
        status: 200,
        body: { messaging_product: 'whatsapp', permission: { status: 'no_permission' } },
      });
      expect((reply.body as { actions: { action_name: string }[] }).actions.map((each) => each.action_name)).toEqual([
        'send_call_permission_request',
        'start_call',
      ]);
    });

    it('counts a request that passes through, and a second one is refused here (138009)', async () => {
      const user = dialler.stranger();
      await bridge.whatsapp.message(user);
      await dialler.heardOut();
      const first = await dialler.graph('messages', { ...REQUEST, to: user });
      expect(first).toMatchObject({ status: 200, body: { messages: [{ id: expect.stringMatching(/^wamid\./) }] } });
      expect(dialler.graphRequests(user)[0]?.body).toEqual({ ...REQUEST, to: user });
      const second = await dialler.graph('messages', { ...REQUEST, to: user });
      expect(second).toMatchObject({ status: 400, body: { error: { code: 138009 } } });
      expect(dialler.graphActions({ user })).toEqual(['message']);
      const { body } = await permissionsOf(user);
      expect(body).toMatchObject({
        actions: [{ action_name: 'send_call_permission_request', can_perform_action: false }, {}],
      });
    });

    it('knows of the permission that the user gives to it, and the call may be placed', async () => {
      const user = dialler.stranger({ afterMs: 100, hangUpAfterMs: 100 });
      await bridge.whatsapp.message(user);
      await dialler.heardOut();
      bridge.whatsapp.answerRequests(user, { reply: 'accept', afterMs: 50 });
      await dialler.graph('messages', { ...REQUEST, to: user });
      while (!/temporary/.test(JSON.stringify((await permissionsOf(user)).body))) {
        await new Promise((wake) => setTimeout(wake, 300));
      }
      const callId = nameIn(await dialler.graph('calls', { ...CONNECT, to: user }));
      expect(endingOf(await bridge.recordOf({ callId }))).toBe('completed/user_hangup/user');
    });

    it('passes any other message through, and counts nothing', async () => {
      const user = dialler.stranger();
      const text = { messaging_product: 'whatsapp', to: user, type: 'text', text: { body: 'Good morning' } };
      for (let count = 0; count < 3; count += 1) {
        expect((await dialler.graph('messages', text)).status).toBe(200);
      }
      expect(dialler.graphRequests(user).map(({ body }) => body)).toEqual([text, text, text]);
    });
  });
});
