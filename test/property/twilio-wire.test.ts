import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { twimlFault } from '../../src/agents/index.ts';
import { parseStreamMessage } from '../../src/agents/wires/twilio/parse-stream-message.ts';
import { callSidOf, keyOfCallSid } from '../../src/agents/wires/twilio/sids.ts';
import { parseTwiml, type Verb } from '../../src/agents/wires/twilio/twiml.ts';
import { TwilioCalls } from '../support/twilio-agent.ts';

const event = fc.constantFrom('media', 'mark', 'clear', 'stop', 'start', 'dtmf', '__proto__', '');
const nearMessage = fc
  .record(
    {
      event: fc.oneof(event, fc.jsonValue()),
      streamSid: fc.string(),
      media: fc.oneof(fc.record({ payload: fc.oneof(fc.base64String(), fc.string(), fc.jsonValue()) }), fc.jsonValue()),
      mark: fc.oneof(fc.record({ name: fc.oneof(fc.string(), fc.jsonValue()) }), fc.jsonValue()),
    },
    { requiredKeys: [] },
  )
  .map((message) => JSON.stringify(message));
const anyMessage = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.oneof(fc.string(), fc.json(), nearMessage).map((text) => Buffer.from(text)),
);

const word = fc.constantFrom(
  'Response',
  'Connect',
  'Stream',
  'Parameter',
  'Play',
  'Pause',
  'Redirect',
  'Reject',
  'Say',
  'a:b',
);
const attribute = fc.tuple(
  fc.constantFrom('url', 'name', 'value', 'length', 'loop', 'method', 'reason', '__proto__', 'constructor', 'x'),
  fc.oneof(
    fc.string(),
    fc.constantFrom('wss://a/b', 'http://a', '1', '&amp;', '&#0;', '&#xD800;', '&x;', '&#99999999999;'),
  ),
);
const { element } = fc.letrec<{ element: string }>((tie) => ({
  element: fc
    .tuple(
      word,
      fc.array(attribute, { maxLength: 3 }),
      fc.array(
        fc.oneof({ maxDepth: 3 }, fc.string(), fc.constantFrom('<!-- -->', '<![CDATA[x]]>', '<?p ?>'), tie('element')),
        {
          maxLength: 3,
        },
      ),
    )
    .map(([tag, attributes, children]) => {
      const written = attributes.map(([name, value]) => ` ${name}="${value}"`).join('');
      return `<${tag}${written}>${children.join('')}</${tag}>`;
    }),
}));
const anyDocument = fc.oneof(
  fc.string(),
  element,
  element.map((inner) => `<Response>${inner}</Response>`),
  // Cut off, or with something left over.
  fc.tuple(element, fc.nat(80), fc.string()).map(([text, at, rest]) => text.slice(0, at) + rest),
);

const escaped = (text: string) => text.replace(/[<>&"']/g, (char) => `&#${char.codePointAt(0)};`);
const url = fc.webUrl({ withQueryParameters: true, validSchemes: ['http', 'https'] }).map((text) => new URL(text).href);
const socketUrl = fc
  .webUrl({ withQueryParameters: true, validSchemes: ['ws', 'wss'] })
  .map((text) => new URL(text).href);
const line = fc.string().filter((text) => !/[\r\n\t]/.test(text));
const verb: fc.Arbitrary<Verb> = fc.oneof(
  fc.record({ name: fc.constant('play' as const), url, times: fc.integer({ min: 1, max: 1000 }) }),
  fc.record({ name: fc.constant('pause' as const), seconds: fc.integer({ min: 0, max: 3600 }) }),
  fc.record({ name: fc.constant('redirect' as const), url, method: fc.constantFrom('GET' as const, 'POST' as const) }),
  fc.record({ name: fc.constant('reject' as const), busy: fc.boolean() }),
  fc.record({ name: fc.constant('hangup' as const) }),
  fc.record({
    name: fc.constant('connect' as const),
    url: socketUrl,
    parameters: fc.dictionary(line, line, { maxKeys: 3, noNullPrototype: true }),
  }),
);

function write(each: Verb): string {
  switch (each.name) {
    case 'play':
      return `<Play loop="${each.times}">${escaped(each.url)}</Play>`;
    case 'pause':
      return `<Pause length="${each.seconds}"/>`;
    case 'redirect':
      return `<Redirect method="${each.method}">${escaped(each.url)}</Redirect>`;
    case 'reject':
      return `<Reject${each.busy ? ' reason="busy"' : ''}/>`;
    case 'hangup':
      return '<Hangup/>';
    case 'connect': {
      const parameters = Object.entries(each.parameters).map(
        ([name, value]) => `<Parameter name="${escaped(name)}" value="${escaped(value)}"/>`,
      );
      return `<Connect><Stream url="${escaped(each.url)}">${parameters.join('')}</Stream></Connect>`;
    }
    default:
      return each satisfies never;
  }
}

describe('reading what an agent says on its stream', () => {
  it('takes any bytes without a throw', () => {
    fc.assert(
      fc.property(anyMessage, (bytes) => {
        expect(['media', 'mark', 'clear', 'app', 'refused']).toContain(parseStreamMessage(bytes).kind);
      }),
      { numRuns: 3000 },
    );
  });

  it('hands on the very bytes of any sound', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), fc.boolean(), (sound, padded) => {
        const payload = Buffer.from(sound).toString('base64');
        const media = { payload: padded ? payload : payload.replaceAll('=', '') };
        const message = parseStreamMessage(Buffer.from(JSON.stringify({ event: 'media', media })));
        expect(message).toEqual({ kind: 'media', ulaw: Buffer.from(sound) });
      }),
    );
  });
});

describe('reading TwiML', () => {
  it('takes any text without a throw but its own, and says nothing that the agent wrote at length', () => {
    fc.assert(
      fc.property(anyDocument, (text) => {
        const fault = twimlFault(text);
        if (fault === null) for (const each of parseTwiml(text, null)) expect(each.name).toBeTypeOf('string');
        else expect(fault.length).toBeLessThan(120);
      }),
      { numRuns: 3000 },
    );
  });

  it('reads back what was written', () => {
    fc.assert(
      fc.property(fc.array(verb, { maxLength: 5 }), (verbs) => {
        expect(parseTwiml(`<Response>${verbs.map(write).join('\n')}</Response>`, null)).toEqual(verbs);
      }),
      { numRuns: 500 },
    );
  });
});

it('the name of a call leads back to it', () => {
  fc.assert(
    fc.property(fc.uuid(), (key) => {
      expect(keyOfCallSid(callSidOf(key))).toBe(key);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (sid) => {
      const key = keyOfCallSid(sid);
      if (key !== null) expect(callSidOf(key)).toBe(sid);
    }),
  );
});

describe('a wire', () => {
  let calls: TwilioCalls;

  beforeAll(async () => {
    calls = await TwilioCalls.start();
  });

  afterAll(async () => {
    await calls.stop();
  });

  it('lives through anything that an agent sends, or loses the agent with a reason', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyMessage, { maxLength: 120 }), fc.boolean(), async (messages, binary) => {
        const before = calls.listener.events.length;
        const wire = calls.dial();
        wire.start();
        const stream = await calls.bot.stream();
        await stream.hear('start');
        for (const message of messages) stream.socket.send(message, { binary });
        stream.socket.close(1000);
        // A frame of text that is not UTF-8 breaks the websocket itself.
        for (;;) {
          const last = calls.listener.events.at(-1);
          if (calls.listener.events.length > before && (last?.type === 'hangup' || last?.type === 'lost')) {
            if (last.type === 'lost') expect(['protocol_error', 'socket_lost']).toContain(last.loss.code);
            break;
          }
          await new Promise((resolve) => setImmediate(resolve));
        }
        await wire.callEnded('over');
      }),
      { numRuns: 40 },
    );
  });
});
