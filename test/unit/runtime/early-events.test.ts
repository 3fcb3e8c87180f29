import { describe, expect, it } from 'vitest';
import { EarlyEvents } from '../../../src/runtime/early-events.ts';
import { dialEvent } from '../../support/dialled-phones.ts';

function open() {
  const dropped: string[] = [];
  const early = new EarlyEvents({ onDropped: ({ identity }, why) => dropped.push(`${identity.callId}: ${why}`) });
  const keep = (callId: string, at: number, phoneNumberId = 'pn-1') =>
    early.keep(dialEvent(callId, { type: 'meta.status', status: 'RINGING', timestamp: at }, { phoneNumberId }), at);
  return { early, dropped, keep };
}

describe('Events of calls without a name', () => {
  it('are given out once, in the order they came', () => {
    const { early, keep, dropped } = open();
    keep('a', 1);
    keep('b', 2);
    keep('a', 3);
    expect(early.take('a').map(({ timestamp }) => timestamp)).toEqual([1, 3]);
    expect(early.take('a')).toEqual([]);
    expect(early.size).toBe(1);
    expect(dropped).toEqual([]);
  });

  it('are dropped when no call of their number waits for a name any more, and those of other numbers are not', () => {
    const { early, keep, dropped } = open();
    keep('a', 1, 'pn-1');
    keep('b', 1, 'pn-2');
    early.dropOf('pn-1');
    expect(dropped).toEqual(['a: not dialled here']);
    expect(early.take('b')).toHaveLength(1);
  });

  it('are kept for two minutes', () => {
    const { early, keep, dropped } = open();
    keep('a', 0);
    keep('b', 119_000);
    expect(dropped).toEqual([]);
    keep('b', 121_000);
    expect(dropped).toEqual(['a: nobody claimed it']);
    expect(early.take('b')).toHaveLength(2);
  });

  it('never grow beyond their room, whatever other apps dial: the oldest call goes first', () => {
    const { early, keep, dropped } = open();
    for (let call = 0; call < 600; call += 1) for (let copy = 0; copy < 2; copy += 1) keep(`wacid.${call}`, call);
    expect(early.size).toBe(1_000);
    expect(dropped).toHaveLength(200);
    expect(early.take('wacid.99')).toEqual([]);
    expect(early.take('wacid.100')).toHaveLength(2);
    expect(early.take('wacid.599')).toHaveLength(2);
  });

  it('of one call that is told of without end are not kept without end', () => {
    const { early, keep, dropped } = open();
    for (let copy = 0; copy < 5_000; copy += 1) keep('wacid.1', copy);
    expect(early.size).toBeLessThanOrEqual(1_000);
    expect(dropped.length + early.size).toBe(5_000);
  });
});
