/**
 * An agent that echoes over every wire, in a process of its own: as little work as each protocol allows, because only the
 * bridge is measured. Each wire has its own path.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';
import { type WebSocket, WebSocketServer } from 'ws';

export interface EchoAgentsNote {
  readonly type: 'listening';
  /** Such as 127.0.0.1:9000. */
  readonly host: string;
}

/** Pipecat's frame, as far as sound needs it (agent-protocols.md §1.1). */
const Frame = protobuf
  .parse(
    `syntax = "proto3";
     message Frame { oneof frame { AudioRawFrame audio = 2; } }
     message AudioRawFrame { uint64 id = 1; string name = 2; bytes audio = 3; uint32 sample_rate = 4; uint32 num_channels = 5; }`,
    { keepCase: true },
  )
  .root.lookupType('Frame');

const wires: Readonly<Record<string, (socket: WebSocket) => void>> = {
  '/raw': (socket) =>
    socket.on('message', (data: Buffer, isSound) => {
      if (isSound) socket.send(data);
      else if (JSON.parse(data.toString()).type === 'start') say(socket, { type: 'ready' });
    }),
  '/twilio': (socket) => {
    let streamSid = '';
    onJson(socket, (message) => {
      if (message['event'] === 'start') streamSid = message['streamSid'];
      else if (message['event'] === 'media') {
        say(socket, { event: 'media', streamSid, media: { payload: message['media'].payload } });
      }
    });
  },
  '/pipecat': (socket) =>
    socket.on('message', (data: Buffer) => {
      const { audio } = Frame.decode(data) as unknown as { audio?: Record<string, unknown> };
      if (audio !== undefined && audio !== null) socket.send(Frame.encode({ audio }).finish());
    }),
  '/openai': (socket) => {
    say(socket, { type: 'session.created', session: { type: 'realtime' } });
    onJson(socket, (message) => {
      if (message['type'] === 'session.update') say(socket, { type: 'session.updated', session: message['session'] });
      else if (message['type'] === 'input_audio_buffer.append') {
        const delta = message['audio'];
        say(socket, {
          type: 'response.output_audio.delta',
          response_id: 'r',
          item_id: 'i',
          output_index: 0,
          content_index: 0,
          delta,
        });
      }
    });
  },
  '/v1/convai/conversation': (socket) =>
    onJson(socket, (message) => {
      if (message['type'] === 'conversation_initiation_client_data') {
        say(socket, {
          type: 'conversation_initiation_metadata',
          conversation_initiation_metadata_event: {
            conversation_id: 'c',
            agent_output_audio_format: 'pcm_16000',
            user_input_audio_format: 'pcm_16000',
          },
        });
      } else if (message['user_audio_chunk'] !== undefined) {
        say(socket, { type: 'audio', audio_event: { audio_base_64: message['user_audio_chunk'], event_id: 1 } });
      }
    }),
};

const server = createServer();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
server.on('upgrade', (request, connection, head) => {
  const wire = wires[(request.url ?? '').split('?')[0] ?? ''];
  if (wire === undefined) {
    connection.destroy();
    return;
  }
  sockets.handleUpgrade(request, connection, head, (socket) => {
    socket.on('error', () => socket.terminate());
    wire(socket);
  });
});
server.listen(0, '127.0.0.1', () => {
  const note: EchoAgentsNote = { type: 'listening', host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
  process.send?.(note);
});

// biome-ignore lint/suspicious/noExplicitAny: the other side is ours.
function onJson(socket: WebSocket, take: (message: Record<string, any>) => void): void {
  socket.on('message', (data: Buffer) => take(JSON.parse(data.toString())));
}

function say(socket: WebSocket, message: object): void {
  socket.send(JSON.stringify(message));
}
