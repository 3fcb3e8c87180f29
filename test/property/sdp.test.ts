import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LegError } from '../../src/webrtc/leg-error.ts';
import { formatAnswer } from '../../src/webrtc/sdp/answer.ts';
import { parseAnswer, parseOffer } from '../../src/webrtc/sdp/remote-description.ts';
import { offerSdp } from '../support/offer-sdp.ts';

function staysTyped(read: () => unknown): boolean {
  try {
    read();
  } catch (error) {
    return error instanceof LegError && error.code === 'bad_offer' && error.message.length > 0;
  }
  return true;
}

const lines = offerSdp().split('\r\n');
const line = fc.oneof(
  fc.constantFrom(...lines),
  fc.constantFrom(...lines).chain((text) => fc.nat(text.length).map((at) => text.slice(0, at))),
  fc.tuple(fc.constantFrom(...lines), fc.string()).map(([text, tail]) => text + tail),
  fc
    .tuple(fc.constantFrom('a=', 'm=', 'a=candidate:', 'a=rtpmap:', 'a=ssrc:', 'a=fingerprint:', ''), fc.string())
    .map(([start, rest]) => start + rest),
);

/** The offer with some characters overwritten, cut out or doubled. */
const mutated = fc
  .array(fc.tuple(fc.nat(offerSdp().length), fc.nat(40), fc.string({ maxLength: 8, unit: 'binary' })), { maxLength: 6 })
  .map((edits) => edits.reduce((sdp, [at, cut, put]) => sdp.slice(0, at) + put + sdp.slice(at + cut), offerSdp()));

describe('reading an SDP', () => {
  test.each([
    ['any text', fc.string({ unit: 'binary', maxLength: 2_000 })],
    ['any mix of lines', fc.array(line, { maxLength: 60 }).map((all) => ['v=0', ...all].join('\r\n'))],
    ['a mutated offer', mutated],
  ])('of %s gives a description or a LegError', (_what, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (sdp) => staysTyped(() => parseOffer(sdp)) && staysTyped(() => parseAnswer(sdp))),
      { numRuns: 2_000 },
    );
  });

  test('of a mutated offer that passes can be answered, and the answer has no line that was smuggled in', () => {
    fc.assert(
      fc.property(mutated, (sdp) => {
        let offer: ReturnType<typeof parseOffer>;
        try {
          offer = parseOffer(sdp);
        } catch {
          return;
        }
        const answer = formatAnswer(
          { sessionId: '1', iceUfrag: 'u', icePwd: 'p', fingerprint: 'F', ssrc: 1, cname: 'c', candidates: [] },
          offer,
        );
        expect(answer.split('\r\n').every((each) => each === '' || /^[vostmca]=[\x20-\x7e]*$/.test(each))).toBe(true);
        expect(answer.match(/a=setup:/g)).toHaveLength(1);
      }),
      { numRuns: 2_000 },
    );
  });
});
