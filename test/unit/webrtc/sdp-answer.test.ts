import { describe, expect, test } from 'vitest';
import { formatAnswer } from '../../../src/webrtc/sdp/answer.ts';
import type { LocalDescription } from '../../../src/webrtc/sdp/local-description.ts';
import { formatMetaAnswer } from '../../../src/webrtc/sdp/meta-answer.ts';
import { formatMetaOffer } from '../../../src/webrtc/sdp/meta-offer.ts';
import { formatOffer } from '../../../src/webrtc/sdp/offer.ts';
import { parseAnswer, parseOffer } from '../../../src/webrtc/sdp/remote-description.ts';
import { offerSdp } from '../../support/offer-sdp.ts';

const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':');

function localDescription(overrides: Partial<LocalDescription> = {}): LocalDescription {
  return {
    sessionId: '4242424242',
    iceUfrag: 'ourUfrag',
    icePwd: 'ourPasswordOfEnoughBits0',
    fingerprint,
    ssrc: 871350736,
    cname: 'a1b2c3d4',
    candidates: [
      { foundation: 'f1', priority: 2130706431, host: '2001:db8::7', port: 50001, type: 'host', related: null },
      { foundation: 'f2', priority: 2130706175, host: '198.51.100.7', port: 50000, type: 'host', related: null },
    ],
    ...overrides,
  };
}

describe('our answer', () => {
  test("says to Meta's offer exactly what the rules of meta-calling.md §4.3 ask for", () => {
    const lines = formatAnswer(localDescription(), parseOffer(offerSdp())).split('\r\n');
    expect(lines).toEqual([
      'v=0',
      'o=- 4242424242 2 IN IP4 127.0.0.1',
      's=-',
      't=0 0',
      'a=group:BUNDLE audio',
      'a=msid-semantic: WMS *',
      'm=audio 50000 UDP/TLS/RTP/SAVPF 111 126',
      'c=IN IP4 198.51.100.7',
      'a=rtcp:9 IN IP4 0.0.0.0',
      'a=candidate:f1 1 udp 2130706431 2001:db8::7 50001 typ host',
      'a=candidate:f2 1 udp 2130706175 198.51.100.7 50000 typ host',
      'a=end-of-candidates',
      'a=ice-ufrag:ourUfrag',
      'a=ice-pwd:ourPasswordOfEnoughBits0',
      `a=fingerprint:sha-256 ${fingerprint}`,
      'a=setup:active',
      'a=mid:audio',
      'a=sendrecv',
      'a=msid:a1b2c3d4 a1b2c3d4',
      'a=rtcp-mux',
      'a=rtpmap:111 opus/48000/2',
      'a=fmtp:111 minptime=20;useinbandfec=1;maxaveragebitrate=20000',
      'a=rtpmap:126 telephone-event/8000',
      'a=ptime:20',
      'a=maxptime:20',
      'a=ssrc:871350736 cname:a1b2c3d4',
      '',
    ]);
  });

  test('takes mid and payload numbers from the offer, and leaves out DTMF and BUNDLE where they were not offered', () => {
    const offer = offerSdp((line) =>
      line.startsWith('a=rtpmap:126') || line.startsWith('a=group')
        ? null
        : line.replace('mid:audio', 'mid:7').replaceAll('111', '96'),
    );
    const answer = formatAnswer(localDescription(), parseOffer(offer));
    expect(answer).toContain('m=audio 50000 UDP/TLS/RTP/SAVPF 96\r\n');
    expect(answer).toContain('a=mid:7\r\n');
    expect(answer).not.toMatch(/telephone-event|BUNDLE|126/);
  });

  test('shows the base of a server-reflexive candidate', () => {
    const answer = formatAnswer(
      localDescription({
        candidates: [
          {
            foundation: 'f3',
            priority: 1694498815,
            host: '203.0.113.7',
            port: 7371,
            type: 'srflx',
            related: { host: '192.168.0.10', port: 51420 },
          },
        ],
      }),
      parseOffer(offerSdp()),
    );
    expect(answer).toContain(
      'a=candidate:f3 1 udp 1694498815 203.0.113.7 7371 typ srflx raddr 192.168.0.10 rport 51420',
    );
  });

  test('is understood by our own reader', () => {
    const answer = parseAnswer(formatAnswer(localDescription(), parseOffer(offerSdp())));
    expect(answer).toMatchObject({ setup: 'active', iceLite: false, ssrc: 871350736, iceUfrag: 'ourUfrag' });
    expect(answer.candidates).toHaveLength(2);
  });
});

describe('our offer', () => {
  test('leaves the DTLS role open and can be answered', () => {
    const offer = parseOffer(formatOffer(localDescription()));
    expect(offer).toMatchObject({ setup: 'actpass', iceLite: false, opusPayloadType: 111, dtmfPayloadType: 126 });
  });

  test('says exactly what the rules of meta-calling.md §4.3 ask for', () => {
    const lines = formatOffer(localDescription()).split('\r\n');
    const of = (start: string) => lines.filter((line) => line.startsWith(start));
    expect(of('m=')).toEqual(['m=audio 50000 UDP/TLS/RTP/SAVPF 111 126']);
    expect(of('a=rtpmap')).toEqual(['a=rtpmap:111 opus/48000/2', 'a=rtpmap:126 telephone-event/8000']);
    expect(of('a=fingerprint')).toEqual([`a=fingerprint:sha-256 ${fingerprint}`]);
    expect(of('a=setup')).toEqual(['a=setup:actpass']);
    expect([...of('a=ptime'), ...of('a=sendrecv'), ...of('a=rtcp-mux')]).toHaveLength(3);
    expect(of('a=ssrc')).toHaveLength(1);
    expect([...of('a=ice-lite'), ...of('a=ice-options'), ...of('a=extmap'), ...of('a=crypto')]).toEqual([]);
    expect(lines.at(-1)).toBe('');
  });
});

describe("the edge's answer to our offer", () => {
  test.each(['active', 'passive', 'actpass'] as const)('mirrors mid and numbers and says setup:%s', (setup) => {
    const offer = parseOffer(offerSdp((line) => line.replaceAll('111', '96').replace('mid:audio', 'mid:0')));
    const sdp = formatMetaAnswer(localDescription(), offer, setup, 1_752_670_000_000);
    expect(sdp).toContain(`a=setup:${setup}\r\n`);
    expect(sdp).toContain('a=group:BUNDLE 0\r\n');
    expect(parseAnswer(sdp)).toMatchObject({
      mid: '0',
      iceLite: true,
      opusPayloadType: 96,
      dtmfPayloadType: 126,
      setup: setup === 'actpass' ? 'passive' : setup,
    });
  });

  test('has no keys where none were offered', () => {
    const offer = parseOffer(offerSdp((line) => (line.startsWith('a=rtpmap:126') ? null : line)));
    expect(formatMetaAnswer(localDescription(), offer, 'active', 0)).not.toContain('telephone-event');
  });
});

describe("the simulated phone's offer", () => {
  test('is the production offer of meta-calling.md §4.1, line for line', () => {
    const shape = (sdp: string) =>
      sdp
        .replace(/o=- \d+/, 'o=- N')
        .replace(/a=msid-semantic: WMS \S+/, 'a=msid-semantic: WMS U')
        .replace(/a=msid:\S+/, 'a=msid:U')
        .replace(/a=ice-(ufrag|pwd):\S+/g, 'a=ice-$1:X')
        .replace(/sha-256 \S+/, 'sha-256 F')
        .replace(/a=ssrc:\d+/, 'a=ssrc:N')
        .replace(/m=audio \d+/, 'm=audio P')
        .replace(/c=IN IP4 \S+/, 'c=IN IP4 H')
        .replace(/a=candidate:\S+ 1 udp (\d+) \S+ \d+/g, 'a=candidate:F 1 udp $1 H P');
    const candidates = [...localDescription().candidates].reverse();
    const sdp = formatMetaOffer(localDescription({ candidates }), 1_752_670_000_000);
    expect(shape(sdp)).toBe(shape(offerSdp()));
    expect(sdp).toContain('o=- 1752670000000 2 IN');
  });

  test('has one candidate when only one address exists', () => {
    const [, ip4] = localDescription().candidates;
    const sdp = formatMetaOffer(localDescription({ candidates: ip4 === undefined ? [] : [ip4, ip4] }), 0);
    expect(sdp.match(/a=candidate/g)).toHaveLength(1);
  });
});
