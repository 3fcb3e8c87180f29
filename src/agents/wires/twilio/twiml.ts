import { XMLParser } from 'fast-xml-parser';

/** One thing that a document asks for. URLs are absolute. */
export type Verb =
  | { readonly name: 'connect'; readonly url: string; readonly parameters: Readonly<Record<string, string>> }
  | { readonly name: 'play'; readonly url: string; readonly times: number }
  | { readonly name: 'pause'; readonly seconds: number }
  | { readonly name: 'redirect'; readonly url: string; readonly method: HttpMethod }
  | { readonly name: 'reject'; readonly busy: boolean }
  | { readonly name: 'hangup' };

export type HttpMethod = 'GET' | 'POST';

/** A document that cannot be run. The message says why, in our words. */
export class TwimlError extends Error {
  override readonly name = 'TwimlError';
}

/** Twilio's own bound of a document, bytes. */
export const MAX_TWIML_BYTES = 64 * 1024;
const MAX_PAUSE_SECONDS = 3_600;
/** As often as Twilio plays a file whose `loop` is 0. */
const MAX_TIMES = 1_000;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  // Numeric references, which template engines write for quotes.
  htmlEntities: true,
  processEntities: { enabled: true, maxTotalExpansions: 10_000, maxExpandedLength: MAX_TWIML_BYTES },
  maxNestedTags: 10,
});

interface Element {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Element[];
  readonly text: string;
}

/**
 * Reads a document whole, so that one that asks for something we cannot do is refused before anybody hears half of it.
 *
 * @param base What relative URLs are relative to; null if there is nothing.
 * @throws TwimlError and nothing else
 */
export function parseTwiml(text: string, base: string | null): readonly Verb[] {
  const roots = parseXml(text);
  const [root] = roots;
  if (root === undefined || roots.length > 1 || root.tag !== 'Response') {
    throw new TwimlError('the document is not one <Response>');
  }
  return root.children.flatMap((element) => readVerb(element, base));
}

/** Why a document would not be run, as a sentence; null if it would. */
export function twimlFault(text: string): string | null {
  try {
    parseTwiml(text, null);
    return null;
  } catch (error) {
    return (error as TwimlError).message;
  }
}

function parseXml(text: string): readonly Element[] {
  if (Buffer.byteLength(text) > MAX_TWIML_BYTES) {
    throw new TwimlError(`the document is longer than ${MAX_TWIML_BYTES} bytes`);
  }
  // A document type can define entities, and no TwiML has one.
  if (/<!DOCTYPE/i.test(text)) throw new TwimlError('the document has a document type');
  try {
    return readElements(parser.parse(text, true));
  } catch {
    throw new TwimlError('the document is not XML');
  }
}

function readElements(nodes: unknown): readonly Element[] {
  return asArray(nodes).flatMap((node) => {
    const tag = Object.keys(node).find((key) => key !== ':@' && key !== '#text');
    if (tag === undefined) return [];
    const content = Reflect.get(node, tag);
    const attributes = Object.entries(Reflect.get(node, ':@') ?? {}).map(
      ([name, value]) => [name, String(value)] as const,
    );
    return { tag, attributes: new Map(attributes), children: readElements(content), text: textOf(content) };
  });
}

function textOf(nodes: unknown): string {
  return asArray(nodes)
    .map((node) => String(Reflect.get(node, '#text') ?? ''))
    .join('')
    .trim();
}

function asArray(value: unknown): readonly object[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'object' && each !== null) : [];
}

function readVerb(element: Element, base: string | null): readonly Verb[] {
  switch (element.tag) {
    case 'Connect':
      return readConnect(element, base);
    case 'Play':
      return [readPlay(element, base)];
    case 'Pause':
      return [{ name: 'pause', seconds: readNumber(element, 'length', 1, MAX_PAUSE_SECONDS) }];
    case 'Redirect':
      return [{ name: 'redirect', url: readWebUrl(element, element.text, base), method: readMethod(element) }];
    case 'Reject':
      return [{ name: 'reject', busy: element.attributes.get('reason') === 'busy' }];
    case 'Hangup':
      return [{ name: 'hangup' }];
    default:
      throw new TwimlError(`${named(element)} is not supported`);
  }
}

function readConnect(connect: Element, base: string | null): readonly Verb[] {
  const [stream] = connect.children;
  if (stream === undefined || connect.children.length > 1) throw new TwimlError('<Connect> must hold one <Stream>');
  if (stream.tag !== 'Stream') throw new TwimlError(`<Connect> with ${named(stream)} is not supported`);
  refuseAttribute(stream, 'statusCallback');
  const track = stream.attributes.get('track') ?? 'inbound_track';
  if (track !== 'inbound_track') throw new TwimlError('<Stream> can only have the track inbound_track');
  const parameters = stream.children.map((child) => {
    if (child.tag !== 'Parameter') throw new TwimlError(`<Stream> with ${named(child)} is not supported`);
    const name = child.attributes.get('name');
    const value = child.attributes.get('value');
    if (name === undefined || value === undefined) throw new TwimlError('<Parameter> must have a name and a value');
    return [name, value] as const;
  });
  const url = readUrl(stream, stream.attributes.get('url') ?? '', null, ['ws:', 'wss:']);
  const verb: Verb = { name: 'connect', url, parameters: Object.fromEntries(parameters) };
  const action = connect.attributes.get('action');
  if (action === undefined) return [verb];
  return [verb, { name: 'redirect', url: readWebUrl(connect, action, base), method: readMethod(connect) }];
}

function readPlay(play: Element, base: string | null): Verb {
  refuseAttribute(play, 'digits');
  const loop = readNumber(play, 'loop', 1, MAX_TIMES);
  if (play.text === '') throw new TwimlError('<Play> must have a URL');
  return { name: 'play', url: readWebUrl(play, play.text, base), times: loop === 0 ? MAX_TIMES : loop };
}

function readNumber(element: Element, attribute: string, otherwise: number, max: number): number {
  const text = element.attributes.get(attribute)?.trim();
  if (text === undefined) return otherwise;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  if (value > max) throw new TwimlError(`${attribute} of ${named(element)} must be a whole number from 0 to ${max}`);
  return value;
}

function readMethod(element: Element): HttpMethod {
  const method = (element.attributes.get('method') ?? 'POST').trim().toUpperCase();
  if (method !== 'GET' && method !== 'POST') throw new TwimlError(`method of ${named(element)} must be GET or POST`);
  return method;
}

function readWebUrl(element: Element, text: string, base: string | null): string {
  return readUrl(element, text, base, ['http:', 'https:']);
}

function readUrl(element: Element, text: string, base: string | null, schemes: readonly string[]): string {
  const url = URL.parse(text.trim(), base ?? undefined);
  if (url === null || !schemes.includes(url.protocol)) {
    throw new TwimlError(
      `${named(element)} must have a URL with ${schemes.map((scheme) => `${scheme}//`).join(' or ')}`,
    );
  }
  // What Twilio reads from a fragment is about its own connections.
  url.hash = '';
  return url.href;
}

function refuseAttribute(element: Element, attribute: string): void {
  if (element.attributes.has(attribute)) throw new TwimlError(`${attribute} of ${named(element)} is not supported`);
}

/** The element's name if it is a plausible one: it comes from the agent, and goes to logs. */
function named(element: Element): string {
  return /^[A-Za-z]{1,24}$/.test(element.tag) ? `<${element.tag}>` : 'an element with a strange name';
}
