import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FaultScript } from '../../../src/simulator/fault-script.ts';
import { parseFaults } from '../../../src/simulator/faults.ts';

describe('faults', () => {
  it('are read from JSON with their defaults', () => {
    expect(parseFaults({ type: 'webhook.duplicate', event: 'connect' })).toEqual([
      { type: 'webhook.duplicate', event: 'connect', copies: 1, gapMs: 0 },
    ]);
  });

  it.each<[unknown, RegExp]>([
    [[{ type: 'ice.never' }, { type: 'webhook.lose', event: 'ring' }], /Fault 2 .*event/],
    [{ type: 'graph.delay', action: 'accept', delayMs: -1 }, /delayMs/],
    [{ type: 'graph.refuse', action: 'accept' }, /code/],
    [{ type: 'ice.never', speed: 2 }, /speed/],
    [{ type: 'nonsense' }, /type/],
    ['ice.never', /Fault 1/],
  ])('that are wrong are refused with entry, field and rule: %j', (json, message) => {
    expect(() => parseFaults(json)).toThrow(message);
  });

  it('of any other JSON are refused with a TypeError', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        fc.pre(!(Array.isArray(json) && json.length === 0));
        expect(() => parseFaults(json)).toThrow(TypeError);
      }),
    );
  });

  it('count the requests of each action on their own', () => {
    const script = new FaultScript(parseFaults([{ type: 'graph.refuse', action: 'accept', nth: 2, code: 138004 }]));
    script.graph('pre_accept');
    expect(script.graph('accept').refusal).toBeNull();
    expect(script.graph('accept').refusal?.code).toBe(138004);
    expect(script.graph('accept').refusal).toBeNull();
  });

  it('compose: delays add up beside a refusal', () => {
    const script = new FaultScript(
      parseFaults([
        { type: 'graph.delay', action: 'reject', delayMs: 10 },
        { type: 'graph.delay', action: 'reject', delayMs: 5 },
        { type: 'graph.refuse', action: 'reject', code: 190, details: 'expired' },
        { type: 'graph.timeout', action: 'terminate' },
      ]),
    );
    expect(script.graph('reject')).toEqual({
      delayMs: 15,
      refusal: { code: 190, subcode: null, details: 'expired' },
      lost: null,
      reset: false,
      failure: null,
      answerAfter: null,
    });
    expect(script.graph('terminate').lost).toBe('before');
  });

  it('apply to the webhook they name', () => {
    const script = new FaultScript(
      parseFaults([
        { type: 'webhook.duplicate', event: 'connect', copies: 2, gapMs: 7 },
        { type: 'webhook.delay', event: 'connect', delayMs: 3 },
        { type: 'webhook.lose', event: 'terminate' },
      ]),
    );
    expect(script.webhook('connect')).toEqual({ lost: false, delayMs: 3, copies: 2, copyGapMs: 7, heldUntil: null });
    expect(script.webhook('terminate')).toEqual({ lost: true, delayMs: 0, copies: 0, copyGapMs: 0, heldUntil: null });
  });
});
