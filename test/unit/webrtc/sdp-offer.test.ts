import { describe, expect, test } from 'vitest';
import { LegError } from '../../../src/webrtc/leg-error.ts';
import { parseAnswer, parseOffer } from '../../../src/webrtc/sdp/remote-description.ts';
import { offerSdp, withLine } from '../../support/offer-sdp.ts';

function refusalOf(sdp: string): string {
  try {
    parseOffer(sdp);
  } catch (error) {
    expect(error).toBeInstanceOf(LegError);
    expect((error as LegError).code).toBe('bad_offer');
    return (error as LegError).message;
  }
  return 'accepted';
}

describe("Meta's production offer", () => {
  test('is read in full', () => {
    expect(parseOffer(offerSdp())).toEqual({
      mid: 'audio',
      bundled: true,
      iceLite: true,
      iceUfrag: 'Xy7aQ2mPz0LkWv3T',
      icePwd: 'b3BlbnNlc2FtZWNyZXQyMg==',
      fingerprints: ['000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'],
      setup: 'actpass',
      opusPayloadType: 111,
      dtmfPayloadType: 126,
      ssrc: 972010428,
      candidates: [
        { foundation: '1972042870', priority: 2122260223, host: '192.0.2.1', port: 3484, type: 'host', related: null },
        {
          foundation: '2514157000',
          priority: 2122262783,
          host: '2001:db8::1',
          port: 3484,
          type: 'host',
          related: null,
        },
      ],
    });
  });

  test('is read with bare line feeds too', () => {
    expect(parseOffer(offerSdp().replaceAll('\r\n', '\n'))).toEqual(parseOffer(offerSdp()));
  });

  test('is read with payload numbers and a mid of any other choice', () => {
    const sdp = offerSdp((line) => line.replaceAll('111', '96').replaceAll('126', '101').replace('mid:audio', 'mid:0'));
    expect(parseOffer(sdp)).toMatchObject({ mid: '0', opusPayloadType: 96, dtmfPayloadType: 101 });
  });

  test('is read without telephone-event, ssrc and setup', () => {
    const gone = ['a=rtpmap:126', 'a=ssrc', 'a=setup'];
    const sdp = offerSdp((line) => (gone.some((prefix) => line.startsWith(prefix)) ? null : line));
    expect(parseOffer(sdp)).toMatchObject({ dtmfPayloadType: null, ssrc: null, setup: 'actpass' });
  });

  test('is read when ICE and DTLS stand in the session part', () => {
    const moved = ['a=ice-ufrag', 'a=ice-pwd', 'a=fingerprint', 'a=setup'];
    const lines = offerSdp().split('\r\n');
    const session = lines.filter((line) => moved.some((prefix) => line.startsWith(prefix)));
    const rest = lines.filter((line) => !session.includes(line));
    rest.splice(4, 0, ...session);
    expect(parseOffer(rest.join('\r\n'))).toEqual(parseOffer(offerSdp()));
  });
});

describe('an offer', () => {
  test.each([
    ['no SDP', 'hello', 'v=0'],
    ['empty', '', 'v=0'],
    ['huge', `v=0\r\n${'a'.repeat(70_000)}`, 'longer than'],
    ['without media', withLine('m=audio', null), 'exactly one m= line, has 0'],
    ['with two m-lines', `${offerSdp()}m=video 9 UDP/TLS/RTP/SAVPF 96\r\n`, 'exactly one m= line, has 2'],
    ['of video', withLine('m=audio', 'm=video 3484 UDP/TLS/RTP/SAVPF 111'), 'must be audio'],
    ['with port 0', withLine('m=audio', 'm=audio 0 UDP/TLS/RTP/SAVPF 111'), 'must have a port'],
    ['of plain SDES', withLine('m=audio', 'm=audio 3484 RTP/SAVP 111'), 'UDP/TLS/RTP/SAVPF'],
    ['without Opus', withLine('a=rtpmap:111', 'a=rtpmap:111 PCMU/8000'), 'opus/48000/2'],
    ['with Opus that the m-line does not list', withLine('m=audio', 'm=audio 9 UDP/TLS/RTP/SAVPF 126'), 'opus/48000/2'],
    ['without fingerprint', withLine('a=fingerprint', null), 'a=fingerprint is missing'],
    ['with sha-1 only', withLine('a=fingerprint', 'a=fingerprint:sha-1 00:11'), 'must have a sha-256'],
    ['with a short sha-256', withLine('a=fingerprint', 'a=fingerprint:sha-256 00:11'), '32 bytes'],
    ['without ufrag', withLine('a=ice-ufrag', null), 'a=ice-ufrag is missing'],
    ['with a short password', withLine('a=ice-pwd', 'a=ice-pwd:short'), 'a=ice-pwd is not well formed'],
    ['without rtcp-mux', withLine('a=rtcp-mux', null), 'a=rtcp-mux is missing'],
    ['that only sends', withLine('a=sendrecv', 'a=sendonly'), 'sendrecv, is sendonly'],
    ['that wants to be the DTLS client', withLine('a=setup', 'a=setup:active'), 'a=setup must be'],
    ['with an unknown setup', withLine('a=setup', 'a=setup:holdconn'), 'a=setup must be'],
  ])('%s is refused with the reason', (_what, sdp, reason) => {
    expect(refusalOf(sdp)).toContain(reason);
  });

  test('never has its content in the refusal', () => {
    const message = refusalOf(withLine('a=ice-pwd', 'a=ice-pwd:se cret'));
    expect(message).not.toContain('cret');
  });

  test.each([
    ['2001:DB8::A', '2001:db8::a'],
    ['2001:0db8:0:0:0:0:0:000a', '2001:db8::a'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ])('gives the IPv6 address %s as a socket would tell it', (written, told) => {
    const sdp = withLine('a=candidate:2514157000', [`a=candidate:7 1 udp 2122262783 ${written} 3484 typ host`]);
    expect(parseOffer(sdp).candidates.find(({ foundation }) => foundation === '7')?.host).toBe(told);
  });

  test('keeps only candidates that we can use', () => {
    const sdp = withLine('a=candidate:1972042870', [
      'a=candidate:1 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active',
      'a=candidate:2 2 udp 2122260222 192.0.2.7 5001 typ host',
      'a=candidate:3 1 udp 2122260223 b1e4.local 5000 typ host',
      'a=candidate:4 1 udp 2122260223 192.0.2.7 99999 typ host',
      'a=candidate:5 1 udp 2122260223 192.0.2.7',
      'a=candidate:6 1 UDP 1686052607 192.0.2.8 5000 typ srflx raddr 10.0.0.1 rport 5000',
    ]);
    expect(parseOffer(sdp).candidates.map(({ foundation }) => foundation)).toEqual(['6', '2514157000']);
  });

  test('cannot make us check more than 16 candidates', () => {
    const many = Array.from({ length: 500 }, (_, i) => `a=candidate:${i} 1 udp 1 192.0.2.1 ${i + 1} typ host`);
    expect(parseOffer(withLine('a=candidate:1972042870', many)).candidates).toHaveLength(16);
  });

  test('with several fingerprints is held to its sha-256 ones', () => {
    const own = offerSdp().match(/a=fingerprint:.*/)?.[0] ?? '';
    const sdp = withLine('a=fingerprint', ['a=fingerprint:sha-1 00:11', own.replace('sha-256', 'SHA-256')]);
    expect(parseOffer(sdp).fingerprints).toEqual(parseOffer(offerSdp()).fingerprints);
  });
});

function answerRefusal(sdp: string): string {
  try {
    parseAnswer(sdp);
  } catch (error) {
    expect(error).toBeInstanceOf(LegError);
    return (error as LegError).message;
  }
  return 'accepted';
}

describe('an answer', () => {
  test("of the kind that Meta's reference page shows is read: mid and numbers as we chose them, trickle, header extensions", () => {
    const sdp = offerSdp((line) => {
      if (line.startsWith('m=audio')) return 'm=audio 40012 UDP/TLS/RTP/SAVPF 111 9 0 8 110 126';
      if (line.startsWith('a=ice-pwd')) return [line, 'a=ice-options:trickle'];
      if (line.startsWith('a=setup')) return 'a=setup:active';
      if (line.startsWith('a=mid')) return ['a=mid:0', 'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level'];
      if (line.startsWith('a=rtpmap:126')) {
        return ['a=rtpmap:9 G722/8000', 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:110 telephone-event/48000', line];
      }
      return line;
    });
    expect(parseAnswer(sdp)).toMatchObject({
      mid: '0',
      iceLite: true,
      setup: 'active',
      opusPayloadType: 111,
      dtmfPayloadType: 126,
    });
  });

  test('without setup leaves us the DTLS client', () => {
    expect(parseAnswer(withLine('a=setup', null)).setup).toBe('passive');
  });

  test('with keys at 48 kHz only has none that we can press', () => {
    expect(parseAnswer(withLine('a=rtpmap:126', 'a=rtpmap:126 telephone-event/48000')).dtmfPayloadType).toBeNull();
  });

  test('of a full agent is read too', () => {
    expect(parseAnswer(withLine('a=ice-lite', null)).iceLite).toBe(false);
  });

  test.each([
    ['that refuses the audio', withLine('m=audio', 'm=audio 0 UDP/TLS/RTP/SAVPF 111'), '0 refuses the stream'],
    ['with two m-lines', `${offerSdp()}m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n`, 'exactly one m= line, has 2'],
    ['with sha-512 only', withLine('a=fingerprint', 'a=fingerprint:sha-512 00:11'), 'must have a sha-256'],
    ['that chose G.711', withLine('m=audio', 'm=audio 9 UDP/TLS/RTP/SAVPF 0 126'), 'opus/48000/2'],
    ['that only listens', withLine('a=sendrecv', 'a=recvonly'), 'sendrecv, is recvonly'],
    ['with an unknown setup', withLine('a=setup', 'a=setup:holdconn'), 'a=setup must be'],
  ])('%s is refused with the reason', (_what, sdp, reason) => {
    expect(answerRefusal(sdp)).toContain(reason);
  });

  test.each(['active', 'passive'] as const)('may say setup:%s', (setup) => {
    expect(parseAnswer(withLine('a=setup', `a=setup:${setup}`)).setup).toBe(setup);
  });

  test('that says actpass is read as passive', () => {
    expect(parseAnswer(offerSdp()).setup).toBe('passive');
  });
});
