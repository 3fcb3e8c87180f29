import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LegError } from '../../src/webrtc/leg-error.ts';
import { formatAnswer } from '../../src/webrtc/sdp/answer.ts';
import { formatMetaAnswer } from '../../src/webrtc/sdp/meta-answer.ts';
import { parseAnswer, parseOffer } from '../../src/webrtc/sdp/remote-description.ts';
import { offerSdp } from '../support/offer-sdp.ts';
import { sdpAnswer } from '../support/sdp-answer.ts';

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

/** An SDP with some characters overwritten, cut out or doubled. */
const mutationsOf = (original: string) =>
  fc
    .array(fc.tuple(fc.nat(original.length), fc.nat(40), fc.string({ maxLength: 8, unit: 'binary' })), { maxLength: 6 })
    .map((edits) => edits.reduce((sdp, [at, cut, put]) => sdp.slice(0, at) + put + sdp.slice(at + cut), original));
const mutated = mutationsOf(offerSdp());

const ours = { sessionId: '1', iceUfrag: 'u', icePwd: 'p', fingerprint: 'F', ssrc: 1, cname: 'c', candidates: [] };
/** What Meta's edge and a full agent answer. */
const answers = [formatMetaAnswer(ours, parseOffer(offerSdp()), 'active', 0), sdpAnswer()].map((sdp) =>
  sdp
    .replace('sha-256 F', `sha-256 ${Array.from({ length: 32 }, () => 'AB').join(':')}`)
    .replace(/:[up]\r/g, `:${'x'.repeat(24)}\r`),
);
const answer = fc.constantFrom(...answers);

/** Lines of an answer taken out, doubled, or moved elsewhere. */
const shuffled = fc
  .tuple(
    answer,
    fc.array(fc.tuple(fc.nat(40), fc.nat(40), fc.constantFrom('drop', 'double', 'move')), { maxLength: 6 }),
  )
  .map(([sdp, edits]) => {
    const all = sdp.split('\r\n');
    for (const [from, to, how] of edits) {
      const [line] = all.slice(from, from + 1);
      if (line === undefined) continue;
      if (how !== 'double') all.splice(from, 1);
      if (how !== 'drop') all.splice(to, 0, line);
    }
    return all.join('\r\n');
  });

describe('reading an SDP', () => {
  test.each([
    ['any text', fc.string({ unit: 'binary', maxLength: 2_000 })],
    ['any mix of lines', fc.array(line, { maxLength: 60 }).map((all) => ['v=0', ...all].join('\r\n'))],
    ['a mutated offer', mutated],
    ['a mutated answer', answer.chain(mutationsOf)],
    ['an answer with its lines in disorder', shuffled],
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
        const reply = formatAnswer(ours, offer);
        expect(reply.split('\r\n').every((each) => each === '' || /^[vostmca]=[\x20-\x7e]*$/.test(each))).toBe(true);
        expect(reply.match(/a=setup:/g)).toHaveLength(1);
      }),
      { numRuns: 2_000 },
    );
  });

  test('of an answer that passes gives what a leg needs, and a DTLS role that is no longer open', () => {
    let passed = 0;
    fc.assert(
      fc.property(fc.oneof(answer.chain(mutationsOf), shuffled), (sdp) => {
        let read: ReturnType<typeof parseAnswer>;
        try {
          read = parseAnswer(sdp);
        } catch {
          return;
        }
        passed += 1;
        expect(['active', 'passive']).toContain(read.setup);
        expect(read.fingerprints.every((each) => /^[\da-f]{64}$/.test(each))).toBe(true);
        expect(read.fingerprints.length).toBeGreaterThan(0);
        expect(read.opusPayloadType < 64 || (read.opusPayloadType > 95 && read.opusPayloadType < 128)).toBe(true);
        expect(read.candidates.length).toBeLessThanOrEqual(16);
      }),
      { numRuns: 2_000 },
    );
    expect(passed).toBeGreaterThan(100);
  });
});
