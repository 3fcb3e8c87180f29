import { expect, test } from 'vitest';
import { openAnsweringLeg, openOfferingLeg } from '../../../src/webrtc/index.ts';
import { connectLegs, LegLog, loopback, opusPacket } from '../../support/leg-pair.ts';
import { TurnServer } from '../../support/turn-server.ts';

test('A leg reaches a peer through a TURN server when there is no other way', async () => {
  const log = new LegLog();
  const leg = await openOfferingLeg(loopback(), log, { role: 'meta' });
  const port = Number(/m=audio (\d+)/.exec(leg.localSdp)?.[1]);
  const turn = await TurnServer.open(['192.0.2.9', 4_000], ['127.0.0.1', port]);
  const iceServers = [{ urls: turn.url, username: turn.username, credential: turn.credential }];
  const bridgeLog = new LegLog();
  const bridge = await openAnsweringLeg(turn.hide(leg.localSdp), loopback({ iceServers }), bridgeLog);
  expect(bridge.localSdp).toMatch(/typ relay raddr 127\.0\.0\.1/);
  await connectLegs({ phone: { leg, log }, bridge: { leg: bridge, log: bridgeLog } });
  for (const each of [leg, bridge]) each.ungate();
  for (let n = 0; n < 20; n++) {
    bridge.sendAudio(opusPacket(n), n === 0);
    leg.sendAudio(opusPacket(100 + n), n === 0);
  }
  await Promise.all([log, bridgeLog].map((each) => each.until(({ audio }) => audio.length === 20)));
  expect(log.audio.map(({ payload }) => payload)).toEqual(Array.from({ length: 20 }, (_, n) => opusPacket(n)));
  expect(turn.relayed).toBeGreaterThanOrEqual(20);
  await Promise.all([leg.close(), bridge.close()]);
  turn.close();
});
