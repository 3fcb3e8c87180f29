import { isObject } from '../../agents/index.ts';

type Json = Readonly<Record<string, unknown>>;

/** What a message is beside its words, as Kapso tells it. Null where a message of its type has none. */
export interface MessageParts {
  /** What a person reads. */
  readonly content: string | null;
  /** The object that has the name of the type, such as `image`. */
  readonly typeData: Json | null;
  readonly media: Json | null;
  readonly flow: FlowReply | null;
  readonly orderText: string | null;
}

export interface FlowReply {
  readonly response: Json | null;
  readonly token: string | null;
  readonly name: string | null;
}

const MEDIA_TYPES: ReadonlySet<string> = new Set(['image', 'video', 'audio', 'document', 'sticker', 'voice']);

/** Reads a message in Meta's shape, as it came or was sent. Whatever is not as it should be is not there. */
export function partsOf(type: string, message: Json): MessageParts {
  const data = part(message, type);
  return {
    content: wordsOf(type, data),
    typeData: data,
    media: MEDIA_TYPES.has(type) ? data : null,
    flow: flowOf(part(part(message, 'interactive'), 'nfm_reply')),
    orderText: type === 'order' ? text(data, 'text') : null,
  };
}

function wordsOf(type: string, data: Json | null): string | null {
  switch (type) {
    case 'text':
      return text(data, 'body');
    case 'button':
      return text(data, 'text');
    case 'interactive':
      return interactiveWords(data);
    case 'image':
    case 'video':
    case 'document':
      return text(data, 'caption') ?? text(data, 'filename');
    case 'location':
      return placeOf(data);
    case 'reaction':
      return text(data, 'emoji');
    case 'template':
      return text(data, 'name');
    case 'order':
      return text(data, 'text');
    case 'system':
      return text(data, 'body');
    default:
      return null;
  }
}

/** Of an answer what was chosen, of a question what it says. */
function interactiveWords(data: Json | null): string | null {
  for (const name of ['button_reply', 'list_reply']) {
    const chosen = text(part(data, name), 'title');
    if (chosen !== null) return chosen;
  }
  return (
    text(part(data, 'nfm_reply'), 'body') ??
    text(part(data, 'call_permission_reply'), 'response') ??
    text(part(data, 'body'), 'text')
  );
}

function placeOf(data: Json | null): string | null {
  const named = [text(data, 'name'), text(data, 'address')].filter((each) => each !== null);
  if (named.length > 0) return named.join(', ');
  const [latitude, longitude] = [data?.['latitude'], data?.['longitude']];
  return latitude === undefined || longitude === undefined ? null : `${String(latitude)}, ${String(longitude)}`;
}

/** Of an answer to a flow (Meta's Flows): it is JSON within JSON. */
function flowOf(reply: Json | null): FlowReply | null {
  if (reply === null) return null;
  const response = parsed(text(reply, 'response_json'));
  return { response, token: text(response, 'flow_token'), name: text(reply, 'name') };
}

function parsed(json: string | null): Json | null {
  if (json === null) return null;
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : null;
  } catch {
    // Whoever wrote the flow may answer with anything.
    return null;
  }
}

function part(holder: Json | null, name: string): Json | null {
  const value = own(holder, name);
  return isObject(value) ? value : null;
}

function text(holder: Json | null, name: string): string | null {
  const value = own(holder, name);
  return typeof value === 'string' ? value : null;
}

function own(holder: Json | null, name: string): unknown {
  return holder !== null && Object.hasOwn(holder, name) ? holder[name] : undefined;
}
