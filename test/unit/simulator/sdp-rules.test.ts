import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkAnswer, sdpWarnings } from '../../../src/simulator/sdp-rules.ts';
import { sdpAnswer } from '../../support/sdp-answer.ts';

const OPUS_ONLY = { g711: false };
const SHA512 = `a=fingerprint:sha-512 ${Array.from({ length: 64 }, () => 'AB').join(':')}`;
const SHA256 = `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'CD').join(':')}`;

describe('SDP rules of the Graph stand-in', () => {
  it.each<[string, string]>([
    ['the recommended answer', sdpAnswer()],
    ['upper case SHA-256', sdpAnswer({ 'a=fingerprint': SHA256.replace('sha', 'SHA') })],
    ['a passive answer', sdpAnswer({ 'a=setup': 'a=setup:passive' })],
    ['no payload for keys', sdpAnswer({ 'm=': 'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=rtpmap:126': null })],
    ['no ptime', sdpAnswer({ 'a=ptime': null })],
    ['no candidates', sdpAnswer({ 'a=candidate': null })],
  ])('take %s', (_what, sdp) => {
    expect(checkAnswer(sdp, OPUS_ONLY)).toBeNull();
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /required/],
    ['an empty text', '  ', /required/],
    ['bare line feeds', sdpAnswer().replaceAll('\r\n', '\n'), /CRLF/],
    ['a missing last line end', sdpAnswer().trimEnd(), /CRLF/],
    ['line ends that were escaped twice', sdpAnswer().replaceAll('\r\n', '\\r\\n'), /encoded twice/],
    ['JSON around it', '{"sdp":"v=0"}', /not JSON/],
    ['another first line', sdpAnswer({ 'v=': 'v=1' }), /v=0/],
    ['a line without a type', sdpAnswer({ 's=': 'hello' }), /x=value/],
    ['no m-line', sdpAnswer({ 'm=': null }), /exactly one m-line, found 0/],
    [
      'two m-lines',
      sdpAnswer({ 'a=setup': ['a=setup:active', 'm=video 9 RTP/AVP 96'] }),
      /exactly one m-line, found 2/,
    ],
    ['video', sdpAnswer({ 'm=': 'm=video 9 UDP/TLS/RTP/SAVPF 111' }), /must be audio/],
    ['a declined m-line', sdpAnswer({ 'm=': 'm=audio 0 UDP/TLS/RTP/SAVPF 111' }), /port 0/],
    ['plain RTP', sdpAnswer({ 'm=': 'm=audio 9 RTP/AVP 111' }), /UDP\/TLS\/RTP\/SAVPF/],
    ['two SSRCs', sdpAnswer({ 'a=ssrc': ['a=ssrc:1 cname:a', 'a=ssrc:2 cname:a'] }), /one SSRC/],
    [
      'G.722',
      sdpAnswer({ 'm=': 'm=audio 9 UDP/TLS/RTP/SAVPF 111 9', 'a=ptime': 'a=rtpmap:9 G722/8000' }),
      /Unsupported codec/,
    ],
    ['G.711 that is not enabled', sdpAnswer({ 'm=': 'm=audio 9 UDP/TLS/RTP/SAVPF 111 0' }), /Unsupported codec PCMU/],
    ['Opus with one channel', sdpAnswer({ 'a=rtpmap:111': 'a=rtpmap:111 opus/48000' }), /Unsupported codec/],
    ['keys at 48 kHz', sdpAnswer({ 'a=rtpmap:126': 'a=rtpmap:126 telephone-event/48000' }), /Unsupported codec/],
    ['keys and no voice', sdpAnswer({ 'm=': 'm=audio 9 UDP/TLS/RTP/SAVPF 126' }), /no supported audio codec/],
    ['a payload type that is not explained', sdpAnswer({ 'm=': 'm=audio 9 UDP/TLS/RTP/SAVPF 111 99' }), /no rtpmap/],
    ['40 ms packets', sdpAnswer({ 'a=ptime': 'a=ptime:40' }), /ptime must be 20/],
    ['no fingerprint', sdpAnswer({ 'a=fingerprint': null }), /Fingerprint is missing/],
    ['sha-512', sdpAnswer({ 'a=fingerprint': SHA512 }), /Fingerprint algo is not SHA256/],
    ['sha-512 beside sha-256', sdpAnswer({ 'a=fingerprint': [SHA256, SHA512] }), /Fingerprint algo is not SHA256/],
    ['two sha-256 fingerprints', sdpAnswer({ 'a=fingerprint': [SHA256, SHA256] }), /exactly one fingerprint/],
    ['a short fingerprint', sdpAnswer({ 'a=fingerprint': 'a=fingerprint:sha-256 AB:CD' }), /32 bytes/],
    ['actpass in an answer', sdpAnswer({ 'a=setup': 'a=setup:actpass' }), /active or passive/],
    ['no setup', sdpAnswer({ 'a=setup': null }), /setup is missing/],
    ['no ICE user', sdpAnswer({ 'a=ice-ufrag': null }), /ice-ufrag/],
    ['a short ICE password', sdpAnswer({ 'a=ice-pwd': 'a=ice-pwd:short' }), /ice-pwd/],
  ])('refuse %s with code 100 and subcode 2494010', (_what, sdp, details) => {
    const error = checkAnswer(sdp, OPUS_ONLY);
    expect(error).toMatchObject({ code: 100, subcode: 2494010 });
    expect(error?.details).toMatch(details);
  });

  it('take G.711 where the number has it enabled', () => {
    expect(checkAnswer(sdpAnswer({ 'm=': 'm=audio 9 UDP/TLS/RTP/SAVPF 111 0 8' }), { g711: true })).toBeNull();
  });

  it('warn about what Meta lets pass and a call suffers from', () => {
    expect(sdpWarnings(sdpAnswer())).toEqual([]);
    const poor = sdpAnswer({
      't=': ['t=0 0', 'a=ice-lite'],
      'a=sendrecv': 'a=recvonly',
      'a=ptime': null,
      'a=rtpmap:126': null,
      'a=rtcp-mux': null,
    });
    expect(sdpWarnings(poor)).toEqual(['ice_lite', 'not_sendrecv', 'no_dtmf', 'no_ptime', 'no_rtcp_mux']);
  });

  it('say something about any text and never throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.string()).map((lines) => `v=0\r\n${lines.join('\r\n')}\r\n`),
        ),
        (sdp) => {
          expect(checkAnswer(sdp, OPUS_ONLY)?.code).toBe(100);
        },
      ),
    );
  });
});
