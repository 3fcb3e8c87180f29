import { afterEach, describe, expect, test } from 'vitest';
import {
  type Connection,
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpHeader,
  RtpPacket,
} from 'werift';
import { type Leg, openAnsweringLeg, openOfferingLeg } from '../../../src/webrtc/index.ts';
import { LegLog, loopback, opusPacket } from '../../support/leg-pair.ts';

/** werift as it comes: full ICE, its own SDP, DTLS, SRTP and RTP. */
class StockPeer {
  readonly heard: { payload: Buffer; payloadType: number; ssrc: number }[] = [];
  readonly pc: RTCPeerConnection;
  readonly #track = new MediaStreamTrack({ kind: 'audio' });
  readonly #waiting: (() => void)[] = [];
  #sequence = 65_500;

  constructor() {
    this.pc = new RTCPeerConnection({
      iceServers: [],
      iceUseIpv6: false,
      iceAdditionalHostAddresses: ['127.0.0.1'],
      codecs: {
        audio: [
          new RTCRtpCodecParameters({ mimeType: 'audio/opus', clockRate: 48_000, channels: 2, payloadType: 96 }),
          new RTCRtpCodecParameters({ mimeType: 'audio/telephone-event', clockRate: 8_000, payloadType: 101 }),
        ],
      },
    });
    this.pc.addTransceiver(this.#track, { direction: 'sendrecv' });
    this.pc.onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe((rtp) => {
        this.heard.push({ payload: rtp.payload, payloadType: rtp.header.payloadType, ssrc: rtp.header.ssrc });
        for (const resume of this.#waiting.splice(0)) resume();
      });
    });
  }

  async offer(): Promise<string> {
    const offer = await this.pc.createOffer();
    this.#avoidStunServer();
    await this.pc.setLocalDescription(offer);
    return this.pc.localDescription?.sdp ?? '';
  }

  async answer(sdp: string): Promise<string> {
    await this.pc.setRemoteDescription({ type: 'offer', sdp });
    this.#avoidStunServer();
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    return this.pc.localDescription?.sdp ?? '';
  }

  send(payload: Buffer): void {
    const header = new RtpHeader({
      payloadType: 96,
      sequenceNumber: this.#sequence++ & 0xffff,
      timestamp: this.#sequence * 960,
      marker: false,
    });
    this.#track.writeRtp(new RtpPacket(header, payload));
  }

  async heardAtLeast(count: number): Promise<void> {
    while (this.heard.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async connected(): Promise<void> {
    while (this.pc.connectionState !== 'connected') await this.pc.connectionStateChange.asPromise();
  }

  /** It would ask Google's, and no test may leave this machine. */
  #avoidStunServer(): void {
    for (const { iceTransport } of this.pc.dtlsTransports) {
      Object.assign(iceTransport.connection as Connection, { stunServer: undefined });
    }
  }
}

const peers: StockPeer[] = [];
const legs: Leg[] = [];

afterEach(async () => {
  await Promise.all([...legs.splice(0).map((leg) => leg.close()), ...peers.splice(0).map(({ pc }) => pc.close())]);
});

async function exchange(peer: StockPeer, leg: Leg, log: LegLog): Promise<void> {
  await Promise.all([log.until(({ connected }) => connected > 0), peer.connected()]);
  leg.ungate();
  for (let n = 0; n < 100; n++) {
    leg.sendAudio(opusPacket(n), n === 0);
    peer.send(opusPacket(500 + n));
    // Lets both sides empty their sockets, as 20 ms would.
    if (n % 10 === 9) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all([log.until(({ audio }) => audio.length === 100), peer.heardAtLeast(100)]);
}

describe('a stock werift peer with full ICE', () => {
  test('that calls us is answered, and sound passes both ways over a sequence wrap', async () => {
    const peer = new StockPeer();
    const log = new LegLog();
    peers.push(peer);
    const leg = await openAnsweringLeg(await peer.offer(), loopback(), log);
    legs.push(leg);
    await peer.pc.setRemoteDescription({ type: 'answer', sdp: leg.localSdp });
    await exchange(peer, leg, log);
    expect(log.audio.map(({ payload }) => payload)).toEqual(Array.from({ length: 100 }, (_, n) => opusPacket(500 + n)));
    expect(log.audio.at(-1)?.sequence).toBe((log.audio[0]?.sequence ?? 0) + 99);
    expect(peer.heard.map(({ payload }) => payload)).toEqual(Array.from({ length: 100 }, (_, n) => opusPacket(n)));
    expect(new Set(peer.heard.map(({ payloadType, ssrc }) => `${payloadType}/${ssrc}`)).size).toBe(1);
    expect(leg.localSdp).toContain('a=rtpmap:96 opus/48000/2');
  });

  test('that we call answers, and sound passes both ways', async () => {
    const peer = new StockPeer();
    const log = new LegLog();
    peers.push(peer);
    const leg = await openOfferingLeg(loopback(), log);
    legs.push(leg);
    await leg.applyAnswer(await peer.answer(leg.localSdp));
    await exchange(peer, leg, log);
    expect(log.audio.at(-1)?.payload).toEqual(opusPacket(599));
    expect(peer.heard.at(-1)?.payload).toEqual(opusPacket(99));
  });
});
